import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { every } from '../../common/timers.js'
import {
  type AssignmentStep,
  type AssignmentWork,
  type ExecExit,
  execExit,
  execRequest,
  newId,
} from '../../protocol/api/index.js'
import { type Frame, frameType } from '../../protocol/node/index.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'
import type { FrameStream } from '../runtime-client/frame-stream.js'
import type { ExecService } from '../sandboxes/exec-service.js'
import { findAssignment } from './access.js'
import { storedPaths, storedSteps } from './rows.js'
import type { Starting } from './starting.js'
import type { WorkLists } from './work.js'
import { type Progress, storedProgress } from './work-rows.js'

/** All steps of one check together. */
const togetherMs = 120_000
const leaseSeconds = 15
const renewMs = 4000
const lookMs = 200

const now = `now() AT TIME ZONE 'UTC'`
const lease = `${now} + interval '${leaseSeconds} seconds'`
const take = `
  UPDATE assignment_work SET "checkHolder" = $3, "checkUntil" = ${lease}
  WHERE "assignmentId" = $1 AND "userId" = $2 AND ("checkUntil" IS NULL OR "checkUntil" < ${now}) RETURNING steps`
const renew = `UPDATE assignment_work SET "checkUntil" = ${lease} WHERE "checkHolder" = $1 AND "checkUntil" IS NOT NULL`
const finish = `
  UPDATE assignment_work SET steps = $2, "checkedAt" = ${now}, "checkUntil" = NULL
  WHERE "checkHolder" = $1 AND "checkUntil" IS NOT NULL`
const release = `UPDATE assignment_work SET "checkUntil" = NULL WHERE "checkHolder" = $1`
const isBusy = `
  SELECT FROM assignment_work WHERE "assignmentId" = $1 AND "userId" = $2 AND "checkUntil" > ${now}`

/** Ticks the steps of assignments, in the sandbox of the student and as the student: a help, not a grade. */
export class StepChecks {
  constructor(
    private readonly database: Database,
    private readonly execs: ExecService,
    private readonly starting: Starting,
    private readonly work: WorkLists,
    private readonly log: Logger,
  ) {}

  /**
   * Runs the checks, one after the other. Whoever asks while they run gets what these find.
   * @throws ApiError `conflict` before it is started; `sandbox_not_running`
   */
  async check(who: Principal, id: string, aborted: AbortSignal): Promise<AssignmentWork> {
    const { assignment } = await findAssignment(this.database, who, 'class.study', id)
    const userId = who.userId ?? ''
    const { sandbox } = await this.work.of(id, userId, assignment.steps)
    if (sandbox === null) throw new ApiError('conflict', 'start this assignment first')
    const { pool } = this.database
    const holder = newId('tr')
    const { rows } = await pool.query(take, [id, userId, holder])
    if (rows[0] === undefined) await this.#wait(id, userId, aborted)
    else {
      using _ = every(renewMs, 'holding on to a check', this.log, () => pool.query(renew, [holder]))
      try {
        const before = storedProgress.parse(rows[0].steps)
        const readOnly = storedPaths.parse(assignment.readOnly)
        if (readOnly.length > 0) await this.starting.write(who, sandbox, id, readOnly, readOnly)
        const after = await this.#run(who, sandbox, storedSteps.parse(assignment.steps), before, aborted)
        await pool.query(finish, [holder, JSON.stringify(after)])
      } catch (error) {
        await pool.query(release, [holder]).catch(() => {}) // then it ends by itself
        throw error
      }
    }
    return this.work.of(id, userId, assignment.steps)
  }

  async #run(
    who: Principal,
    sandbox: string,
    steps: readonly AssignmentStep[],
    before: Progress,
    aborted: AbortSignal,
  ): Promise<Progress> {
    const until = Date.now() + togetherMs
    const after: Progress = {}
    for (const { id, check } of steps) {
      if (check === undefined) continue
      const leftMs = until - Date.now()
      const timeoutMs = Math.min(check.timeoutSeconds * 1000, leftMs)
      const passed =
        timeoutMs > 0 &&
        hasPassed(
          await exitOf(
            await this.execs.start(
              who,
              sandbox,
              execRequest.parse({ command: check.command, timeoutMs }),
              aborted,
            ),
          ),
        )
      const known = before[id]
      after[id] = known?.passed === passed ? known : { passed, at: new Date().toISOString() }
    }
    return after
  }

  /** Until nobody checks any more. */
  async #wait(id: string, userId: string, aborted: AbortSignal): Promise<void> {
    for (const until = Date.now() + togetherMs; Date.now() < until && !aborted.aborted; await sleep(lookMs)) {
      if ((await this.database.pool.query(isBusy, [id, userId])).rowCount === 0) return
    }
  }
}

const hasPassed = ({ exitCode, timedOut }: ExecExit) => exitCode === 0 && !timedOut

/** How a command ended. What it writes is thrown away. */
function exitOf(stream: FrameStream): Promise<ExecExit> {
  return new Promise((resolve, reject) => {
    stream.on('data', ({ type, payload }: Frame) => {
      if (type !== frameType.stdout && type !== frameType.stderr) {
        resolve(execExit.parse(JSON.parse(payload.toString())))
      }
    })
    stream.on('error', () => {}) // and then it closes
    stream.once('close', () =>
      reject(new ApiError('runtime_unavailable', 'the runtime ended while a step was checked; try again')),
    )
  })
}
