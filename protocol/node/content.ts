import { z } from 'zod'
import { tenantId, uploadId } from '../api/ids.js'

export const contentDigest = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'is not a SHA-256 digest')

/** Blobs of one space are apart from those of every other one, also when they are the same. */
export const contentSpace = tenantId

export const uploadParams = z.object({ id: uploadId })
export const blobParams = z.object({ space: contentSpace, digest: contentDigest })

export const appendUpload = z.object({
  offset: z.coerce.number().int().min(0),
  /** Of all of it. */
  bytesMax: z.coerce.number().int().min(0),
})

/** An upload as a node has it. */
export const contentUpload = z.object({ sizeBytes: z.number() })

/** Body of `POST /content/uploads/:id/finish`. */
export const finishUpload = z.strictObject({
  ...{ space: contentSpace, digest: contentDigest },
  /** What the caller has counted. */
  sizeBytes: z.int().min(0),
})

/** Body of `POST /templates/:name/content`. */
export const contentImage = z.strictObject({
  space: contentSpace,
  reference: z.string().max(512),
  description: z.string().max(200).optional(),
  bytesMax: z.int().min(0),
  /** Of the manifest or index. */
  mediaType: z.string().max(256),
  /** The manifest or index first, then those that it names. */
  manifests: z.array(z.string()).min(1).max(64),
})
export type ContentImage = z.infer<typeof contentImage>
