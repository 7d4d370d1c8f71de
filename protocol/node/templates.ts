import { z } from 'zod'
import { importTemplate, template } from '../api/templates.js'

/** A template that a node has just made. */
export const nodeTemplate = template.omit({ own: true }).extend({
  /** Of its layers, without those that templates for everybody have. */
  sizeBytes: z.number(),
})
export type NodeTemplate = z.infer<typeof nodeTemplate>

/** Query of `PUT /templates/:name/image`. */
export const importNodeTemplate = importTemplate.extend({
  /** `false`: it is not told to everybody. */
  listed: z.enum(['true', 'false']).optional(),
  bytesMax: z.coerce.number().int().min(0).optional(),
})

/** Query of `DELETE /templates/:name`. */
export const removeNodeTemplate = z.object({
  /** `true`: also while sandboxes or snapshots were made from it, which keep their layers. */
  used: z.enum(['true', 'false']).optional(),
})

export const unlistedTemplates = z.object({ names: z.array(z.string()) })
