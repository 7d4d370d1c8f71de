import { Worker } from 'node:worker_threads'
import { ApiError } from '../errors.js'
import type { Comparison, SourceFile } from '../similarity/messages.js'
import { heard } from './comparer.js'
import { type CompareAnswer, type CompareRequest, compareAnswer } from './messages.js'

const startMs = 30_000
/** Of one step. All hand-ins that are compared at once take a tenth of it. */
const stepMs = 120_000
const heapMiB = 512

/**
 * Compares hand-ins on a thread of its own, so that the one that answers goes on. One hand-in is in memory as text at a time.
 *
 * @param program the built `server/compare/thread.ts`
 * @param handIns the files of each, in the order in which the result names them
 * @throws ApiError `conflict` when it takes too long
 */
export async function compareHandIns(
  program: URL,
  starter: readonly SourceFile[],
  handIns: AsyncIterable<readonly SourceFile[]>,
): Promise<Comparison> {
  const thread = new Worker(program, { resourceLimits: { maxOldGenerationSizeMb: heapMiB } })
  thread.unref()
  thread.on('error', () => {}) // then it ends, which whoever waits hears
  const ask = async (request: CompareRequest): Promise<CompareAnswer> => {
    const answered = heard(thread, stepMs)
    thread.postMessage(request)
    const answer = compareAnswer.safeParse(await answered).data
    if (answer === undefined)
      throw new ApiError('conflict', 'comparing the hand-ins took too long; try again later')
    return answer
  }
  try {
    await heard(thread, startMs)
    await ask({ act: 'starter', files: [...starter] })
    for await (const files of handIns) await ask({ act: 'add', files: [...files] })
    const answer = await ask({ act: 'compare' })
    if (!('comparison' in answer) || answer.comparison === null) {
      throw new Error('the thread compared nothing')
    }
    return answer.comparison
  } finally {
    await thread.terminate()
  }
}
