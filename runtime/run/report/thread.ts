import { parentPort } from 'node:worker_threads'
import { z } from 'zod'
import { reportFormat } from '../../../protocol/api/index.js'
import { parseReport } from './parse.js'

/** What the thread is started with. */
export const reportThread = z.object({ thread: z.literal('report') })

const job = z.object({ id: z.number(), content: z.instanceof(Uint8Array), format: reportFormat.optional() })

/** The thread that reads reports: what a program wrote must not hold up the runtime, however strange it is. */
export function runReportThread(): void {
  parentPort?.on('message', (message: unknown) => {
    const { id, content, format } = job.parse(message)
    parentPort?.postMessage({ id, report: parseReport(content, format) })
  })
}
