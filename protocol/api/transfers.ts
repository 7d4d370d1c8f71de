import { z } from 'zod'
import { newTemplateName } from './sandbox.js'
import { textWithoutNul } from './text.js'

export const transferId = z
  .string()
  .regex(/^it_[0-9abcdefghjkmnpqrstvwxyz]{20}$/, 'is not an id of a transfer')

const remote = z
  .string()
  .min(1)
  .max(512)
  .describe('with the host of its registry: `registry.example.org/team/app:1.0`, or with `@sha256:…`')
const local = z.string().min(1).max(512)

/** Body of `POST /images/pull`. */
export const pullImage = z.strictObject({
  from: remote,
  image: local
    .optional()
    .describe('where it is put in the registry of this server; repository and tag of `from` if absent'),
  template: newTemplateName.optional().describe('of which a template is made when it is there'),
})
export type PullImage = z.infer<typeof pullImage>

/** Body of `POST /images/push`. */
export const pushImage = z.strictObject({
  image: local.describe('of the registry of this server: `app:1.0`, or `app@sha256:…`'),
  to: remote,
})
export type PushImage = z.infer<typeof pushImage>

export const transferStatus = z.enum(['running', 'succeeded', 'failed', 'canceled'])
export type TransferStatus = z.infer<typeof transferStatus>

/** An image on its way from or to another registry. */
export const transfer = z.object({
  id: transferId,
  direction: z.enum(['pull', 'push']),
  remote: z.string(),
  image: z.string().describe('in the registry of this server'),
  template: z.string().nullable().describe('that is made of it'),
  status: transferStatus,
  error: z.string().nullable().describe('why it failed'),
  digest: z.string().nullable().describe('of the manifest, when it is there'),
  createdBy: z.string().nullable().describe('a user; null when the account is gone'),
  createdAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
})
export type Transfer = z.infer<typeof transfer>

const blobEvent = z.object({
  type: z.literal('blob'),
  digest: z.string(),
  sizeBytes: z.number(),
  doneBytes: z.number(),
  state: z
    .enum(['known', 'started', 'going', 'retrying', 'done'])
    .describe('known: it is there already, and is not transferred'),
  reason: z.string().nullable().describe('why it is tried again'),
})
const manifestEvent = z.object({
  type: z.literal('manifest'),
  digest: z.string(),
  layers: z.number(),
  sizeBytes: z.number().describe('of all blobs'),
})
const endEvent = z.object({
  type: z.literal('end'),
  status: transferStatus.exclude(['running']),
  error: z.string().nullable(),
})

/** One event of a transfer. Numbers grow by one. */
export const transferEvent = z
  .union([blobEvent, manifestEvent, endEvent])
  .and(z.object({ number: z.number() }))
export type TransferEvent = z.infer<typeof transferEvent>
export type TransferTold = z.infer<typeof blobEvent> | z.infer<typeof manifestEvent>

/** Body of `PUT /registries/{host}`. */
export const registryLogin = z.strictObject({
  username: textWithoutNul(256).min(1),
  password: textWithoutNul(8192).min(1).describe('or a token; it is never shown again'),
})
export type RegistryLogin = z.infer<typeof registryLogin>

/** Credentials of the tenant for another registry. */
export const registryCredential = z.object({
  host: z.string(),
  username: z.string(),
  createdBy: z.string().nullable(),
  createdAt: z.iso.datetime(),
})
export type RegistryCredential = z.infer<typeof registryCredential>
