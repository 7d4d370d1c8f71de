import { z } from 'zod'

/** Body of `POST /snapshots/{id}/image`. */
export const createSnapshotImage = z.strictObject({
  image: z
    .string()
    .min(1)
    .max(512)
    .describe('where it is put in the registry of this server: `app:1.0`, or `app` for `app:latest`'),
})
export type CreateSnapshotImage = z.infer<typeof createSnapshotImage>

/** Query of `GET /images/export`. */
export const exportImage = z.object({
  image: z.string().min(1).max(512).describe('of the registry of this server: `app:1.0`, or `app@sha256:…`'),
})

/** An image in the registry of this server. */
export const pushedImage = z.object({
  image: z.string().describe('such as `app:1.0`'),
  digest: z.string().describe('of its manifest'),
  sizeBytes: z.number().describe('of its layers as they are stored'),
  layers: z.number(),
})
export type PushedImage = z.infer<typeof pushedImage>
