import type { Logger } from 'pino'
import { z } from 'zod'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'
import { maxPointsOf } from '../grading/points.js'
import { type PlatformCalls, PlatformError } from './calls.js'
import { type DueScore, leaseSeconds, type ScoreRows } from './score-rows.js'

const scoreType = 'application/vnd.ims.lis.v1.score+json'
const lineItemType = 'application/vnd.ims.lis.v2.lineitem+json'
const lineItemsType = 'application/vnd.ims.lis.v2.lineitemcontainer+json'
/** A turn begins nothing new after this: three calls of 20 s end before others may take what is left. */
const turnMs = 25_000
/** A line item is made in two calls. */
const makingSeconds = 60

const lineItem = z.object({ id: z.url({ protocol: /^https?$/ }).max(2048) })
const lineItems = z.array(
  z.looseObject({ id: z.string(), resourceId: z.string().optional(), resourceLinkId: z.string().optional() }),
)

/** Tells platforms what students have for assignments. @see https://www.imsglobal.org/spec/lti-ags/v2p0 */
export class ScoreSender {
  constructor(
    private readonly database: Database,
    private readonly calls: PlatformCalls,
    private readonly rows: ScoreRows,
    private readonly log: Logger,
  ) {}

  /** Sends what is due. Servers may do it at once: each row is one's. */
  async deliver(): Promise<void> {
    const taken = new Map<string, DueScore[]>()
    for (const score of await this.rows.take()) {
      taken.set(score.platformId, [...(taken.get(score.platformId) ?? []), score])
    }
    await Promise.all([...taken.values()].map((scores) => this.#toPlatform(scores)))
  }

  /** A platform that cannot be reached is not asked for each of its scores. */
  async #toPlatform(scores: readonly DueScore[]): Promise<void> {
    const until = Date.now() + Math.min(turnMs, leaseSeconds * 1000)
    let token: string | undefined
    let down: string | undefined
    for (const score of scores) {
      if (down !== undefined) {
        await this.rows.failed(score, down)
        continue
      }
      if (Date.now() > until) {
        await this.rows.released(score)
        continue
      }
      try {
        token ??= await this.calls.token(
          score,
          'score',
          ...(score.lineItemUrl === null ? (['lineItem'] as const) : []),
        )
        await this.#send(score, token)
        await this.rows.sent(score)
      } catch (error) {
        if (!(error instanceof PlatformError) && !(error instanceof ApiError)) throw error
        const { message } = error
        if (token === undefined || (error instanceof PlatformError && error.status === undefined))
          down = message
        if (error instanceof PlatformError && error.status === 401) token = undefined
        this.log.info({ err: error, link: score.linkId, tries: score.tries }, 'a score was not taken')
        await this.rows.failed(score, message)
      }
    }
  }

  async #send(score: DueScore, token: string): Promise<void> {
    const url = new URL(score.lineItemUrl ?? (await this.#lineItemOf(score, token)))
    url.pathname = `${url.pathname.replace(/\/$/, '')}/scores`
    const { points, maxPoints, comment, subject, at } = score
    await this.calls.json(url.href, {
      ...{ method: 'POST', token, type: scoreType },
      body: JSON.stringify({
        ...{ userId: subject, timestamp: at.toISOString() },
        // Without points the platform takes back those that it has.
        ...(points === null
          ? { activityProgress: 'InProgress', gradingProgress: 'NotReady' }
          : {
              ...{ scoreGiven: points, scoreMaximum: maxPoints },
              ...{ activityProgress: 'Completed', gradingProgress: 'FullyGraded' },
              ...(comment === '' ? {} : { comment }),
            }),
      }),
    })
  }

  /** Of a link that has none: found by what we call it, or made. By one server at a time, since a platform would make two. */
  async #lineItemOf(score: DueScore, token: string): Promise<string> {
    const { linkId, lineItemsUrl, assignmentId, resourceLinkId, title } = score
    const { pool, prisma } = this.database
    const known = await prisma.ltiLink.findUnique({ where: { id: linkId }, select: { lineItemUrl: true } })
    if (known?.lineItemUrl) return known.lineItemUrl
    if (lineItemsUrl === null)
      throw new PlatformError('the link has no line item, and the platform lets none be made')
    const { rowCount } = await pool.query(
      `UPDATE lti_link SET "makingUntil" = now() AT TIME ZONE 'UTC' + interval '${makingSeconds} seconds'
       WHERE id = $1 AND ("makingUntil" IS NULL OR "makingUntil" < now() AT TIME ZONE 'UTC')`,
      [linkId],
    )
    if (rowCount !== 1) throw new PlatformError('its line item is being made', 409)
    const list = new URL(lineItemsUrl)
    list.searchParams.set('resource_id', assignmentId)
    const read = lineItems.safeParse(
      (await this.calls.json(list.href, { token, accept: lineItemsType })).body,
    )
    const found = read.data?.find(
      (one) =>
        one.resourceId === assignmentId && [undefined, null, '', resourceLinkId].includes(one.resourceLinkId),
    )
    const assignment = await prisma.assignment.findUniqueOrThrow({ where: { id: assignmentId } })
    const made =
      found ??
      (
        await this.calls.json(lineItemsUrl, {
          ...{ method: 'POST', token, type: lineItemType, accept: lineItemType },
          body: JSON.stringify({
            ...{ label: title, scoreMaximum: maxPointsOf(assignment), resourceId: assignmentId },
            resourceLinkId,
          }),
        })
      ).body
    const { data } = lineItem.safeParse(made)
    if (data === undefined)
      throw new PlatformError('the platform does not say where the line item is that it made')
    await pool.query('UPDATE lti_link SET "lineItemUrl" = $2, "makingUntil" = NULL WHERE id = $1', [
      linkId,
      data.id,
    ])
    return data.id
  }
}
