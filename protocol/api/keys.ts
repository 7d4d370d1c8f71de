import { z } from 'zod'
import { networkPolicy } from './network.js'
import { displayName, templateName } from './sandbox.js'

/**
 * What bounds an API key, beside what whoever made it may do. A key with limits works in sandboxes, takes snapshots and runs
 * programs; it changes nothing else of its tenant. What is left out is not bounded.
 */
export const keyLimits = z.strictObject({
  templates: z
    .array(templateName)
    .min(1)
    .max(64)
    .optional()
    .describe('names of the templates that its sandboxes and runs are made from'),
  sandboxes: z
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe('how many sandboxes that it made may exist at once; it has as many runs under way at most'),
  ttlSeconds: z
    .int()
    .min(10)
    .max(31_536_000)
    .optional()
    .describe('a sandbox that it makes is deleted this long after its creation, or earlier'),
  network: networkPolicy
    .optional()
    .describe('the most that its sandboxes may reach; of hosts, all or some of these'),
  cpus: z.number().min(0.05).max(256).multipleOf(0.01).optional().describe('of one sandbox'),
  memoryMiB: z.int().min(16).max(1_048_576).optional().describe('of one sandbox, with its swap'),
  diskMiB: z.int().min(16).max(16_777_216).optional().describe('of one sandbox'),
  readOnly: z.boolean().optional().describe('true: it changes, starts and runs nothing'),
  ownOnly: z
    .boolean()
    .optional()
    .describe('true: only sandboxes, snapshots and runs that this key made exist for it'),
})
export type KeyLimits = z.infer<typeof keyLimits>

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
  limits: keyLimits.nullable().describe('null: none but what whoever made it may do'),
  client: z
    .string()
    .nullable()
    .describe('how the program calls itself that a person let in by OAuth; null for a key'),
  madeBy: z
    .string()
    .nullable()
    .describe('id of the key that made it, with which it is deleted; null: a person'),
})
export type ApiKey = z.infer<typeof apiKey>

export const createApiKey = z.strictObject({
  name: displayName,
  expiresInDays: z.int().min(1).max(3650).optional(),
  limits: keyLimits
    .optional()
    .describe('they cannot be changed later; make another key instead. Another key makes none without'),
})

/** `POST /keys`: the only time that the key itself is shown. */
export const apiKeyCreated = apiKey.extend({ key: z.string() })
