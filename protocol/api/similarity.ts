import { z } from 'zod'
import { submissionId } from './ids.js'

/** Bounds of comparing hand-ins with each other. */
export const similarityBounds = {
  /** The newest of these. */
  handIns: 500,
  /** Of one hand-in, those with programs first. */
  files: 200,
  fileBytes: 256 * 1024,
  /** Of one hand-in, and of all together: of many, each has the same share. */
  handInBytes: 1024 * 1024,
  bytes: 32 * 1024 * 1024,
  starterBytes: 4 * 1024 * 1024,
  pairs: 100,
  /** Files that are named in an answer as not compared. */
  skipped: 100,
} as const

const of = z.object({
  submission: submissionId,
  student: z.object({ userId: z.string(), name: z.string() }),
})
const side = of.extend({
  share: z.number().describe('of its own fingerprints that the other one has too, from 0 to 1'),
})

export const similarPair = z.object({
  one: side,
  other: side,
  similarity: z.number().describe('the share of the smaller one, from 0 to 1'),
  shared: z.number().describe('fingerprints that both have'),
  longest: z.number().describe('tokens of the longest fragment that both have'),
})
export type SimilarPair = z.infer<typeof similarPair>

/** `GET /assignments/{id}/similarity`. It shows what to look at, and proves nothing. */
export const similarityReport = z.object({
  at: z.iso.datetime().describe('when it was computed'),
  compared: z.number().describe('hand-ins: the last one of each student'),
  handInsLeftOut: z.number().describe('more than 500: the oldest are left out'),
  pairs: z
    .array(similarPair)
    .describe('with at least a fifth in common, the most similar first; at most 100'),
  pairCount: z.number().describe('of all such pairs'),
  short: z.array(of).describe('hand-ins with too little of their own to be compared; at most 100'),
  shortCount: z.number(),
  skipped: z
    .array(
      of.extend({
        path: z.string(),
        why: z
          .enum(['binary', 'long', 'bound', 'generated'])
          .describe(
            '`binary`: no text; `long`: over 256 KiB; `bound`: the hand-in has more than is compared; `generated`: written by a package manager',
          ),
      }),
    )
    .describe(
      'files that were not compared; at most 100. Files of the starter that are unchanged are none of these',
    ),
  skippedCount: z.number(),
})
export type SimilarityReport = z.infer<typeof similarityReport>

/** Query of `GET /assignments/{id}/similarity/pair`. */
export const similarityPairQuery = z.object({ one: submissionId, other: submissionId })
export type SimilarityPairQuery = z.infer<typeof similarityPairQuery>

const fragmentSide = z.object({
  path: z.string(),
  from: z.number().describe('the first line that both have, from 1'),
  to: z.number().describe('the last one'),
  start: z.number().describe('the number of the first of `lines`'),
  lines: z.array(z.string()).describe('with up to 3 lines around; at most 200, each cut at 400 characters'),
})
export const similarFragment = z.object({
  tokens: z.number().describe('that both have in a row'),
  one: fragmentSide,
  other: fragmentSide,
})
export type SimilarFragment = z.infer<typeof similarFragment>
export const similarPairDetail = similarPair.extend({
  fragments: z.array(similarFragment).describe('the longest first; at most 50'),
})
export type SimilarPairDetail = z.infer<typeof similarPairDetail>
