import { z } from 'zod'
import { snapshotId, templateId } from './ids.js'
import { recipe } from './languages.js'
import { limits } from './limits.js'
import { idlePolicy, isolation, newTemplateName, templateName } from './sandbox.js'

/** Of a template that was made from an OCI image: what the image says. */
export const templateImage = z.object({
  digest: z.string().describe('of its manifest, or of its configuration where it came from docker save'),
  reference: z.string().nullable().describe('the name it had in the archive'),
  user: z.string().describe('whom commands and terminals run as, unless they ask for root'),
  workingDirectory: z.string(),
  entrypoint: z.array(z.string()).describe('not started by itself'),
  cmd: z.array(z.string()).describe('its arguments, or the program itself where there is no entry point'),
  stopSignal: z.string(),
  ports: z.array(z.string()).describe('such as 8080/tcp'),
  labels: z.record(z.string(), z.string()),
  volumes: z
    .array(z.string())
    .default([])
    .describe(
      'directories that its programs keep something in: of the disk of the sandbox, with what the image has there',
    ),
})

/** Query of `PUT /templates/{name}/image`, at the API and at the runtime. */
export const importTemplate = z.object({
  reference: z
    .string()
    .min(1)
    .max(512)
    .optional()
    .describe('which image of the archive, where it has several: its name, or the digest of its manifest'),
  description: z.string().max(200).optional(),
})

/** What a template of a tenant was made from. */
export const templateSource = z.enum(['image', 'build', 'snapshot'])

/** Of a template that is a tenant's own. */
export const ownTemplate = z.object({
  id: templateId,
  source: templateSource,
  sizeBytes: z
    .number()
    .describe('what it counts of the quota of disk: its layers without those of templates for everybody'),
  createdBy: z.string().nullable(),
  createdAt: z.iso.datetime(),
})

export const template = z.object({
  name: templateName,
  description: z.string(),
  defaults: limits,
  isolation: z.array(isolation),
  idle: idlePolicy
    .nullable()
    .default(null)
    .describe(
      'when its sandboxes are put to sleep, unless somebody says otherwise; null: as the tenant has it',
    ),
  /** What it can run by name. */
  languages: z.array(recipe).default([]),
  system: z
    .boolean()
    .default(false)
    .describe('whether its sandboxes are small machines, in which systemd starts services'),
  image: templateImage.nullable().default(null).describe('null when it is built from a recipe'),
  own: ownTemplate
    .nullable()
    .default(null)
    .describe("null when it is everybody's; else it is the tenant's alone"),
})
export type Template = z.infer<typeof template>

/** Body of `POST /templates`. */
export const createTemplate = z.strictObject({
  name: newTemplateName,
  from: z.union([
    z.strictObject({
      image: z
        .string()
        .min(1)
        .max(512)
        .describe('of the registry of this server: `app:1.0`, `app@sha256:…`, or `app` for `app:latest`'),
    }),
    z.strictObject({ snapshot: snapshotId.describe('of which the template has the disk') }),
  ]),
  description: z.string().max(200).optional(),
})
export type CreateTemplate = z.infer<typeof createTemplate>

/** Sizes that pages and the command line offer. A request may ask for any limits. */
export const sizes = {
  small: { cpus: 0.5, memoryMiB: 512, diskMiB: 2048, pids: 256 },
  medium: { cpus: 1, memoryMiB: 1024, diskMiB: 4096, pids: 512 },
  large: { cpus: 2, memoryMiB: 4096, diskMiB: 10_240, pids: 1024 },
} as const satisfies Record<string, z.infer<typeof limits>>
