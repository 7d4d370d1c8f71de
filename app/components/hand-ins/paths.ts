/** What a student has handed in for an assignment; more than that is never taken. */
export const ownHandInsPath = (assignmentId: string) => `/assignments/${assignmentId}/submissions?limit=200`

/** What they have for it. */
export const ownGradePath = (assignmentId: string) => `/assignments/${assignmentId}/grades`
