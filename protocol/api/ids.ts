import { z } from 'zod'

/** Crockford's base 32 without vowels that make words: safe in paths, host names and cgroup names. */
const suffix = '[0-9abcdefghjkmnpqrstvwxyz]{20}'

export const sandboxId = z.string().regex(new RegExp(`^sb_${suffix}$`), 'is not a sandbox id')
export const tenantId = z.string().regex(new RegExp(`^tn_${suffix}$`), 'is not a tenant id')
export const processId = z.string().regex(new RegExp(`^(pr|tm)_${suffix}$`), 'is not a process id')
export const terminalId = z.string().regex(new RegExp(`^tm_${suffix}$`), 'is not a terminal id')
export const snapshotId = z.string().regex(new RegExp(`^sn_${suffix}$`), 'is not a snapshot id')
export const templateId = z.string().regex(new RegExp(`^tp_${suffix}$`), 'is not a template id')
export const volumeId = z.string().regex(new RegExp(`^vl_${suffix}$`), 'is not a volume id')
export const volumeSnapshotId = z
  .string()
  .regex(new RegExp(`^vs_${suffix}$`), 'is not an id of a snapshot of a volume')
export const uploadId = z.string().regex(new RegExp(`^up_${suffix}$`), 'is not an upload id')
export const stackId = z.string().regex(new RegExp(`^sk_${suffix}$`), 'is not a stack id')
export const shareId = z.string().regex(new RegExp(`^sh_${suffix}$`), 'is not a share id')
export const nodeId = z.string().regex(new RegExp(`^nd_${suffix}$`), 'is not a node id')
export const classId = z.string().regex(new RegExp(`^cl_${suffix}$`), 'is not a class id')
/** Of a section or a group of a class. */
export const classPartId = z
  .string()
  .regex(new RegExp(`^cp_${suffix}$`), 'is not an id of a section or group')
export const classStudentId = z
  .string()
  .regex(new RegExp(`^cs_${suffix}$`), 'is not an id of a student of a class')

export const lessonId = z.string().regex(new RegExp(`^ls_${suffix}$`), 'is not a lesson id')
export const timetableLessonId = z
  .string()
  .regex(new RegExp(`^tl_${suffix}$`), 'is not an id of a lesson of a timetable')
export const submissionId = z.string().regex(new RegExp(`^su_${suffix}$`), 'is not a submission id')
export const examSnapshotId = z
  .string()
  .regex(new RegExp(`^ek_${suffix}$`), 'is not an id of a snapshot of an exam')
export const gradingId = z.string().regex(new RegExp(`^gr_${suffix}$`), 'is not a grading id')
export const lineCommentId = z.string().regex(new RegExp(`^lc_${suffix}$`), 'is not an id of a comment')
export const ltiPlatformId = z.string().regex(new RegExp(`^lp_${suffix}$`), 'is not an id of a platform')
export const assignmentId = z.string().regex(new RegExp(`^as_${suffix}$`), 'is not an assignment id')

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/**
 * A new random id with 100 bits of entropy: nobody guesses one.
 * @param prefix `sb` for a sandbox, `tn` for a tenant, `tm` for a terminal, `nd` for a node, and so on
 */
export function newId<P extends string>(prefix: P): `${P}_${string}` {
  const bytes = crypto.getRandomValues(new Uint8Array(20))
  return `${prefix}_${Array.from(bytes, (b) => alphabet[b & 31]).join('')}`
}
