import type { Database } from '../database/client.js'
import { maxPointsOf } from '../grading/points.js'
import { names } from './claims.js'
import type { Entered } from './courses.js'
import type { ToolKeys } from './keys.js'
import type { Launch } from './launch.js'
import { refusedLaunch } from './platform-keys.js'
import type { ToolUrls } from './urls.js'

/** The platform takes the answer at once. */
const answerSeconds = 300

/** Deep linking: what a teacher puts into a course. @see https://www.imsglobal.org/spec/lti-dl/v2p0 */
export class Content {
  constructor(
    private readonly database: Database,
    private readonly keys: ToolKeys,
    private readonly urls: ToolUrls,
  ) {}

  /** The assignments of the class of a course, in their order. */
  async choices({ course }: Entered): Promise<{ id: string; title: string; published: boolean }[]> {
    return this.database.prisma.assignment.findMany({
      where: { classId: course?.classId ?? '' },
      select: { id: true, title: true, published: true },
      orderBy: [{ position: 'asc' }, { id: 'asc' }],
    })
  }

  /**
   * The signed answer with an assignment of the class, or with the class.
   * @param assignmentId empty: the class
   * @throws ApiError `forbidden` for an assignment that is not of the class
   */
  async answer(
    { platform, request }: Launch,
    { course }: Entered,
    assignmentId: string,
  ): Promise<{ url: string; jwt: string }> {
    const { returnUrl, deployment, data } = request
    if (course === null || returnUrl === null) throw refusedLaunch('nothing can be picked from here')
    const item = await this.#itemOf(platform.tenantId, course.classId, assignmentId)
    const jwt = await this.keys.sign(
      {
        ...{ iss: platform.clientId, aud: platform.issuer, nonce: crypto.randomUUID() },
        ...{ [names.deployment]: deployment, [names.version]: '1.3.0' },
        [names.messageType]: 'LtiDeepLinkingResponse',
        [names.items]: [item],
        ...(data === null ? {} : { [names.data]: data }),
      },
      answerSeconds,
    )
    return { url: returnUrl, jwt }
  }

  async #itemOf(tenantId: string, classId: string, assignmentId: string) {
    const { prisma } = this.database
    const link = { type: 'ltiResourceLink', url: this.urls.of(tenantId).launchUrl }
    if (assignmentId === '') {
      const { name } = await prisma.class.findUniqueOrThrow({ where: { id: classId } })
      return { ...link, title: name }
    }
    const found = await prisma.assignment.findFirst({ where: { id: assignmentId, classId } })
    if (found === null) throw refusedLaunch('the assignment that you chose is not in this class any more')
    const { id, title } = found
    return {
      ...{ ...link, title, custom: { assignment: id } },
      lineItem: { label: title, scoreMaximum: maxPointsOf(found), resourceId: id },
    }
  }
}
