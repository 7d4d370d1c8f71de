import { newId } from '../../../protocol/api/index.js'
import { manage, manageTheirs, type Rule, read, staffTheirs } from '../rules.js'
import { must, newPlatform, type Victim, type World } from '../world.js'
import type { Call, Row } from './row.js'

/** As in the rows of classes. */
const taught: Rule = { ...staffTheirs, member: 404, memberKey: 404 }
/** What needs a platform that answers: server/lti/lti.test.ts has one. */
const unconnected: Row = {
  rule: { ...taught, owner: 409, admin: 409, key: 409 },
  why: 'the class is connected to no course',
}
const ofClass = ({ classId }: Victim): Call => ({ path: { id: classId } })

const another = async ({ callers }: World): Promise<string> =>
  String((await must(callers.owner, 'POST', '/api/v1/lti/platforms', newPlatform())).id)

/** Learning platforms, and the courses that classes are connected to. */
export const ltiRows: Readonly<Record<string, Row>> = {
  listLtiPlatforms: { rule: read },
  addLtiPlatform: {
    rule: manage,
    call: () => ({ body: newPlatform() }),
    fresh: () => ({ body: newPlatform() }),
  },
  changeLtiPlatform: {
    rule: manageTheirs,
    call: ({ platformId }) => ({ path: { id: platformId }, body: { deployments: ['1', '2'] } }),
  },
  removeLtiPlatform: {
    rule: manageTheirs,
    call: ({ platformId }) => ({ path: { id: platformId } }),
    fresh: async (world) => ({ path: { id: await another(world) } }),
  },
  inviteLtiPlatform: { rule: manage },
  getClassCourse: { rule: taught, call: ofClass },
  disconnectClassCourse: {
    rule: taught,
    call: ofClass,
    fresh: async (world) => {
      const { database, victim } = world
      await database.query(
        `INSERT INTO lti_course (id, "platformId", deployment, "contextId", title, "classId", "boundBy")
         VALUES ($1, $2, '1', $1, 'Course', $3, 'a test')`,
        [newId('lc'), victim.platformId, victim.classId],
      )
      return ofClass(victim)
    },
  },
  previewCourseRoster: { ...unconnected, call: ofClass },
  applyCourseRoster: {
    ...unconnected,
    call: (victim) => ({ ...ofClass(victim), body: { digest: '0'.repeat(64) } }),
  },
  sendCourseScores: { ...unconnected, call: ofClass },
}
