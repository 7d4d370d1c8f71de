import { z } from 'zod'
import { displayName } from './sandbox.js'

export const apiKey = z.object({
  id: z.string(),
  name: z.string(),
  start: z.string().describe('first characters, to tell keys apart'),
  createdBy: z
    .object({ userId: z.string(), name: z.string(), email: z.string() })
    .nullable()
    .describe('the key works while this person is a member; null for keys of the installation'),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().nullable(),
  lastUsedAt: z.iso.datetime().nullable(),
})
export type ApiKey = z.infer<typeof apiKey>

export const createApiKey = z.strictObject({
  name: displayName,
  expiresInDays: z.int().min(1).max(3650).optional(),
})

/** `POST /keys`: the only time that the key itself is shown. */
export const apiKeyCreated = apiKey.extend({ key: z.string() })
