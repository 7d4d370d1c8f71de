import { z } from 'zod'

export const auditEvent = z.object({
  id: z.string(),
  at: z.iso.datetime(),
  actor: z.string().describe('e-mail address of the user, or name of the key'),
  action: z.string().describe('such as sandbox.create'),
  target: z.string().nullable(),
  targetName: z
    .string()
    .nullable()
    .describe('name of a sandbox or e-mail address of a user, where it is known'),
  targetExists: z.boolean().describe('false once a sandbox is deleted'),
  detail: z.record(z.string(), z.unknown()),
})
export type AuditEvent = z.infer<typeof auditEvent>

/** Query of `GET /audit` and `GET /audit.csv`. */
export const auditQuery = z.object({
  actor: z.string().max(254).optional().describe('part of the name or address, upper or lower case'),
  action: z
    .string()
    .max(64)
    .regex(/^[a-z_]+(\.[a-z_]+)?$/, 'is not an action')
    .optional()
    .describe('such as `sandbox.create`, or `sandbox` for all of its kind'),
  target: z.string().max(64).optional().describe('id of what was changed'),
  from: z.iso.datetime({ offset: true }).max(40).optional(),
  to: z.iso.datetime({ offset: true }).max(40).optional(),
})
export type AuditQuery = z.infer<typeof auditQuery>
