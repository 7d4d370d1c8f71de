import { z } from 'zod'
import { tenantId } from './ids.js'
import { displayName } from './sandbox.js'
import { role } from './tenants.js'

/** `/api/v1/account`: a person's own name, password, sessions and account; and what an operator does for a person. */

export const passwordLength = { min: 10, max: 256 } as const
const newPassword = z.string().min(passwordLength.min).max(passwordLength.max)
/** Any text: an old password may be shorter than a new one must be. */
const anyPassword = z.string().min(1).max(passwordLength.max)

/** Body of `PATCH /account`. */
export const changeAccount = z.strictObject({ name: displayName })

/** Body of `PUT /account/password`. */
export const changePassword = z.strictObject({ currentPassword: anyPassword, newPassword })

/** Where somebody is signed in. */
export const accountSession = z.object({
  id: z.string(),
  userAgent: z.string().nullable().describe('as the browser names itself'),
  ipAddress: z.string().nullable(),
  createdAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime().describe('to the minute'),
  expiresAt: z.iso.datetime(),
  current: z.boolean().describe('the session of this request'),
})
export type AccountSession = z.infer<typeof accountSession>
export const accountSessions = z.object({ sessions: z.array(accountSession) })

/** `GET /account/deletion`: what `DELETE /account` would delete. */
export const accountDeletion = z.object({
  tenants: z.array(
    z.object({
      id: tenantId,
      name: z.string(),
      outcome: z
        .enum(['leave', 'delete', 'blocked'])
        .describe('`blocked`: hand it over or delete it first, then the account can be deleted'),
      members: z.number().describe('other people in it'),
      sandboxes: z.number(),
      volumes: z.number().default(0),
      runs: z.number(),
      keys: z.number(),
    }),
  ),
  lastOperator: z.boolean().describe('the only operator cannot delete the own account'),
})
export type AccountDeletion = z.infer<typeof accountDeletion>

/** Body of `DELETE /account`. */
export const deleteAccount = z.strictObject({ currentPassword: anyPassword })

/** Body of `DELETE /tenant`: its name once more, against mistakes. */
export const deleteTenant = z.strictObject({ name: displayName })

const linkSecret = z.string().min(16).max(128)
/** What stands behind `#` in a link. */
export const linkBody = z.strictObject({ secret: linkSecret })
export const resetLinkStatus = z.object({ email: z.string(), expiresAt: z.iso.datetime() })
/** Body of `POST /account/reset`. */
export const resetPassword = z.strictObject({ secret: linkSecret, newPassword })

/** `POST /invitations/preview`: what an invitation is to, before it is accepted. */
export const invitationPreview = z.object({
  tenant: z.string(),
  class: z.string().nullable().describe('name of the class that it is to'),
  email: z.string().nullable(),
  role,
  invitedBy: z.string().nullable().describe('name and e-mail address'),
  expiresAt: z.iso.datetime(),
})

/** `GET /admin/users`. */
export const adminUser = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string(),
  operator: z.boolean(),
  tenants: z.number(),
  sessions: z.number(),
  createdAt: z.iso.datetime(),
})
export type AdminUser = z.infer<typeof adminUser>
export const adminUserQuery = z.object({
  search: z.string().max(128).optional().describe('in name and e-mail address'),
})
/** `POST /admin/users/{id}/reset-link`: the only time that the link is shown. */
export const resetLink = z.object({ url: z.string(), email: z.string(), expiresAt: z.iso.datetime() })
