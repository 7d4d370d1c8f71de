import { z } from 'zod'
import { buildEventKinds, buildId, buildOptions } from '../api/builds.js'
import { tenantId } from '../api/ids.js'
import { limits, quota } from '../api/limits.js'
import { templateName } from '../api/sandbox.js'
import { nodeTemplate } from './templates.js'

/**
 * The first line of the body of `POST /builds` at the runtime, as JSON; after its line feed comes the context as a tar, which may be
 * compressed with gzip. The answer is newline-delimited JSON, one `nodeBuildEvent` a line, once the context is there and the
 * Dockerfile is understood; the last is of type `end`. Closing the connection cancels the build.
 */
export const nodeBuild = buildOptions.omit({ limits: true, description: true }).extend({
  id: buildId,
  tenantId,
  quota,
  limits,
  /** As the node has it. */
  template: templateName,
  description: z.string().max(200),
  /** Of its layers, without those that templates for everybody have. */
  bytesMax: z.number(),
  /** Templates that it may build on: as the Dockerfile names them, and as the node does. */
  bases: z.record(z.string(), templateName),
})
export type NodeBuild = z.infer<typeof nodeBuild>

/** Of the first line. */
export const nodeBuildBytes = 4 * 1024 ** 2

export const nodeBuildEvent = z.union([
  buildEventKinds.step,
  buildEventKinds.output,
  buildEventKinds.end.extend({ template: nodeTemplate.nullable() }),
])
export type NodeBuildEvent = z.infer<typeof nodeBuildEvent>
