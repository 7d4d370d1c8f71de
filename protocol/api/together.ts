import { z } from 'zod'
import { sandboxId } from './ids.js'

/** Files that somebody has before them at once: one in each group of the editor. */
export const shownFilesMax = 3
/** A longer path is not told to others. */
export const shownPathMax = 1024

/** Socket.io namespace `/terminals`: `enter`. Said again, it changes what is shown. */
export const socketEnter = z.object({
  sandboxId,
  files: z
    .array(z.string().min(1).max(shownPathMax))
    .max(shownFilesMax)
    .describe('that the caller has before them, the one they work in first'),
})
export type SocketEnter = z.infer<typeof socketEnter>

/** Somebody who has a workspace open. A person with two windows is there twice. */
export const present = z.object({
  id: z.string().max(64).describe('of this window'),
  name: z.string().max(128),
  files: z.array(z.string().max(shownPathMax)).max(shownFilesMax),
  mayType: z.boolean(),
  since: z.number().describe('milliseconds since 1970'),
})
export type Present = z.infer<typeof present>

/** Bytes of one frame. A longer change of a text comes in parts. */
export const sharedBytesMax = 64 * 1024
/** Parts of one change. */
export const sharedPartsMax = 64

const windowId = z.string().min(1).max(64)
const bytesOf = (most: number) =>
  z
    .instanceof<typeof Uint8Array<ArrayBufferLike>>(Uint8Array)
    .refine(({ length }) => length <= most, 'too long')
const noBytes = bytesOf(0)

/** A frame about a file that several windows show. */
const aboutFile = z.object({
  path: z.string().min(1).max(shownPathMax),
  /** Only for this window; otherwise for all that show the file. */
  to: windowId.optional(),
  /** Which shared text it is about: texts of different ids are never put together. The older one stays. */
  text: z.object({ id: z.string().min(1).max(256), since: z.int().min(0) }),
  bytes: bytesOf(sharedBytesMax),
})

/** Socket.io namespace `/terminals`: `tell`. What the bytes of frames mean, only windows know. */
export const sharedFrame = z.discriminatedUnion('kind', [
  /** What this window has of the text. Whoever has more sends it. */
  aboutFile.extend({
    kind: z.literal('have'),
    /** The version of the file that the text was last saved as. */
    version: z.string().max(256),
    /** Of the text. */
    digest: z.string().max(32),
    /** Its page is not looked at. */
    hidden: z.boolean(),
    /** It answers another: it is not answered in turn. */
    answer: z.boolean(),
  }),
  /** A change of the text. */
  aboutFile.extend({
    kind: z.literal('edit'),
    /** It is all of the text, for who has nothing of it. */
    whole: z.boolean(),
    change: z.int().min(0),
    part: z.int().min(0),
    parts: z.int().min(1).max(sharedPartsMax),
  }),
  /** Where somebody's cursor is; without bytes, nowhere. */
  aboutFile.extend({ kind: z.literal('cursor') }),
  /** What a window shows is to be told to the one that says this, for some seconds. */
  z.object({ kind: z.literal('follow'), to: windowId, bytes: noBytes }),
  /** What a window shows: a file, and the first line of it that is seen. */
  z.object({
    ...{ kind: z.literal('view'), to: windowId, bytes: noBytes },
    path: z.string().min(1).max(shownPathMax),
    line: z.int().min(1),
  }),
])
export type SharedFrame = z.infer<typeof sharedFrame>
/** Those that are about the text of a file. */
export type TextFrame = Extract<SharedFrame, { kind: 'have' | 'edit' | 'cursor' }>
