import { z } from 'zod'

/** A file as text. */
export const sourceFile = z.object({ path: z.string(), text: z.string() })
export type SourceFile = z.infer<typeof sourceFile>

/** What the thread is asked: first `starter`, then `add` for each hand-in, then `compare`, once. */
export const similarityRequests = [
  z.object({ act: z.literal('starter'), files: z.array(sourceFile) }),
  z.object({ act: z.literal('add'), files: z.array(sourceFile) }),
  z.object({ act: z.literal('compare') }),
] as const

/** Lines of a file, from 1, both ends included. */
const range = z.object({ path: z.string(), from: z.number(), to: z.number() })
export const similarFragment = z.object({ tokens: z.number(), one: range, other: range })
export type SimilarFragment = z.infer<typeof similarFragment>

/** Two hand-ins, by the order in which they were added. */
export const similarPair = z.object({
  ...{ one: z.number(), other: z.number(), shared: z.number() },
  ...{ ofOne: z.number(), ofOther: z.number(), similarity: z.number() },
})
export type SimilarPair = z.infer<typeof similarPair>

export const comparison = z.object({
  /** The most similar first. */
  pairs: z.array(similarPair.extend({ fragments: z.array(similarFragment) })),
  pairCount: z.number(),
  /** Hand-ins with too little of their own to be compared. */
  short: z.array(z.number()),
})
export type Comparison = z.infer<typeof comparison>

/** @param handIns the files of each, in the order in which the result names them */
export type CompareHandIns = (
  starter: readonly SourceFile[],
  handIns: AsyncIterable<readonly SourceFile[]>,
) => Promise<Comparison>
