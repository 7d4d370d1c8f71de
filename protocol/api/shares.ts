import { z } from 'zod'
import { sandboxId, shareId } from './ids.js'
import { displayName } from './sandbox.js'

/** What whom a sandbox is shared with may do in it: see everything, or work in it as well. */
export const shareLevel = z.enum(['look', 'type'])
export type ShareLevel = z.infer<typeof shareLevel>

const day = 24 * 3600
export const shareSeconds = { min: 60, max: 90 * day, default: 7 * day } as const

const level = shareLevel.describe(
  '`look`: see files, terminals and processes; `type`: also type, write files and start programs',
)

/** Body of `POST /sandboxes/{id}/shares`. */
export const createShare = z.strictObject({
  level: level.default('look'),
  member: z
    .email()
    .max(254)
    .optional()
    .describe('e-mail address of a member of the tenant; without it a link is made'),
  expiresInSeconds: z
    .int()
    .min(shareSeconds.min)
    .max(shareSeconds.max)
    .default(shareSeconds.default)
    .describe('it ends after this, for whoever has it open as well'),
})
export type CreateShare = z.infer<typeof createShare>

/** Body of `PATCH /shares/{id}`. */
export const changeShare = z
  .strictObject({
    level: level.optional(),
    expiresInSeconds: z
      .int()
      .min(shareSeconds.min)
      .max(shareSeconds.max)
      .optional()
      .describe('from now on; no longer than the key that made it'),
  })
  .refine((wanted) => Object.keys(wanted).length > 0, 'nothing is to be changed')
export type ChangeShare = z.infer<typeof changeShare>

/** Body of `POST /shares/leave`. */
export const leaveShare = z.strictObject({ sandboxId })

/** Who came by a share. */
export const shareGuest = z.object({
  userId: z.string(),
  name: z.string(),
  email: z.string(),
  joinedAt: z.iso.datetime(),
})

export const share = z.object({
  id: shareId,
  sandboxId,
  level,
  kind: z.enum(['link', 'member']),
  createdBy: z.string(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  guests: z.array(shareGuest).describe('who has accepted the link, or the member'),
})
export type Share = z.infer<typeof share>

/** `POST /sandboxes/{id}/shares`: the only time that the link is told. Its secret stands behind `#`, where no log sees it. */
export const shareCreated = share.extend({ url: z.string().nullable().describe('null for a member') })
export type ShareCreated = z.infer<typeof shareCreated>

/** `POST /shares/preview`: what a link leads to, before it is accepted. */
export const sharePreview = z.object({
  sandbox: displayName,
  level,
  sharedBy: z.string().describe('e-mail address, or name of a key'),
  expiresAt: z.iso.datetime(),
})

/** `POST /shares/accept`. */
export const shareAccepted = z.object({ sandboxId })

/** `GET /shares`: a sandbox that somebody has shared with the caller. */
export const receivedShare = z.object({
  sandboxId,
  name: z.string(),
  level,
  sharedBy: z.string(),
  expiresAt: z.iso.datetime(),
})
export type ReceivedShare = z.infer<typeof receivedShare>
