import { z } from 'zod'
import { sandboxId, terminalId } from '../api/ids.js'
import { thumbnailBounds, thumbnailVersion } from '../api/thumbnails.js'

/** Body of `POST /terminals/thumbnails`. */
export const thumbnailsRequest = z.strictObject({
  sandboxes: z
    .array(z.strictObject({ id: sandboxId, seen: thumbnailVersion.nullable() }))
    .max(thumbnailBounds.sandboxes),
})
export type ThumbnailsRequest = z.infer<typeof thumbnailsRequest>

/** What the terminal of a sandbox that was used last shows. */
export const nodeThumbnail = z.object({
  terminalId,
  title: z.string(),
  version: thumbnailVersion,
  lines: z.array(z.string()),
})
export type NodeThumbnail = z.infer<typeof nodeThumbnail>

/**
 * Those that differ from what was seen, and can be drawn soon; of the others nothing is said. Null: no terminal runs there, or nobody
 * can draw it.
 */
export const nodeThumbnails = z.object({
  thumbnails: z.array(z.object({ sandboxId, thumbnail: nodeThumbnail.nullable() })),
})
export type NodeThumbnails = z.infer<typeof nodeThumbnails>
