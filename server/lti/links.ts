import { newId } from '../../protocol/api/index.js'
import type { Database } from '../database/client.js'
import type { Launch } from './launch.js'

/** Links in courses that lead to assignments. */
export class Links {
  constructor(private readonly database: Database) {}

  /**
   * The assignment that a launch leads to: what its link was made for, else what it led to the last time. Remembers both, with where
   * its points go.
   * @returns null: the link leads to the class, or to an assignment that is there no more
   */
  async follow(
    { request }: Launch,
    course: { readonly id: string; readonly classId: string },
  ): Promise<string | null> {
    const { resourceLinkId, assignment, lineItemUrl } = request
    if (resourceLinkId === null) return null
    // Platforms give back what they were given, and links are copied from course to course: only one of this class counts.
    const { rows } = await this.database.pool.query(
      `SELECT coalesce(
         (SELECT id FROM assignment WHERE id = $1 AND "classId" = $2),
         (SELECT "assignmentId" FROM lti_link WHERE "courseId" = $3 AND "resourceLinkId" = $4)) AS id`,
      [assignment, course.classId, course.id, resourceLinkId],
    )
    const id: unknown = rows[0]?.id
    if (typeof id !== 'string') return null
    await this.database.pool.query(
      `INSERT INTO lti_link AS known (id, "courseId", "resourceLinkId", "assignmentId", "lineItemUrl", "lookAt")
       VALUES ($1, $2, $3, $4, $5, now() AT TIME ZONE 'UTC')
       ON CONFLICT ("courseId", "resourceLinkId") DO UPDATE SET "assignmentId" = EXCLUDED."assignmentId",
         "lineItemUrl" = coalesce(EXCLUDED."lineItemUrl", known."lineItemUrl"), "lookAt" = EXCLUDED."lookAt"
       WHERE known."assignmentId" <> EXCLUDED."assignmentId"
         OR known."lineItemUrl" IS DISTINCT FROM coalesce(EXCLUDED."lineItemUrl", known."lineItemUrl")`,
      [newId('ll'), course.id, resourceLinkId, id, lineItemUrl],
    )
    return id
  }
}
