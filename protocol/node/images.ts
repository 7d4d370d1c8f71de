import { z } from 'zod'
import { snapshotId, tenantId } from '../api/ids.js'
import { templateName } from '../api/sandbox.js'
import { healthcheck } from '../api/services.js'
import { contentDigest } from './content.js'

/** A name of a layer on a node. */
export const layerName = z.string().regex(/^[A-Za-z0-9_-]{3,128}$/, 'is not a name of a layer')

/** A blob that a layer was made of, or that was made of a layer. */
export const layerBlob = z.object({
  /** Of the tar. */
  diffId: contentDigest,
  /** Of the blob, which may be the tar compressed. */
  digest: contentDigest,
  mediaType: z.string().max(256),
  sizeBytes: z.number(),
})
export type LayerBlob = z.infer<typeof layerBlob>

/** The layer of a snapshot that is the sandbox's own. */
export const ownLayer = 'own'

/** What an image of a snapshot or a template is made of. */
export const nodeImage = z.object({
  architecture: z.string(),
  createdAt: z.iso.datetime(),
  config: z.object({
    /** As in an image's configuration. */
    user: z.string(),
    env: z.record(z.string(), z.string()),
    entrypoint: z.array(z.string()),
    cmd: z.array(z.string()),
    workingDirectory: z.string(),
    stopSignal: z.string(),
    labels: z.record(z.string(), z.string()),
    ports: z.array(z.string()),
    healthcheck: healthcheck.nullable(),
    volumes: z.array(z.string()),
  }),
  /** The lowest first, with the blobs of them that are known. */
  layers: z.array(z.object({ name: layerName, blobs: z.array(layerBlob) })),
})
export type NodeImage = z.infer<typeof nodeImage>

export const snapshotLayer = z.object({ id: snapshotId, layer: layerName })
export const templateLayer = z.object({ name: templateName, layer: layerName })

/** Body of `POST /templates/:name/snapshot`. */
export const snapshotTemplate = z.strictObject({
  snapshot: snapshotId,
  tenantId,
  description: z.string().max(200),
  bytesMax: z.int().min(0),
})
export type SnapshotTemplate = z.infer<typeof snapshotTemplate>
