import { type ReportFormat, runBounds, type TestReport } from '../../../protocol/api/index.js'
import { ReportProblem } from './collector.js'
import { readGradescope } from './gradescope.js'
import { readJunit } from './junit.js'
import { readTap } from './tap.js'

const readers: Readonly<Record<ReportFormat, (text: string) => TestReport>> = {
  ...{ junit: readJunit, tap: readTap, gradescope: readGradescope },
}

/** What a file about tests says. Never throws: `problem` tells why it could not be read. */
export function parseReport(content: Uint8Array, wanted?: ReportFormat): TestReport {
  if (content.length > runBounds.reportBytes) {
    return unreadable(`it has ${content.length} bytes; at most ${runBounds.reportBytes} are read`, wanted)
  }
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(content)
  } catch {
    return unreadable('it is not UTF-8', wanted)
  }
  const format = wanted ?? formatOf(text)
  if (format === undefined) return unreadable('it is empty', null)
  try {
    return readers[format](text)
  } catch (error) {
    if (error instanceof ReportProblem) return unreadable(error.message, format)
    throw error
  }
}

/** A report that says nothing but why. */
export const unreadable = (problem: string, format: ReportFormat | null = null): TestReport => ({
  ...{ format, tests: [], passed: 0, total: 0, points: null, maxPoints: null, truncated: false, problem },
})

function formatOf(text: string): ReportFormat | undefined {
  const first = text.trimStart()[0]
  if (first === undefined) return undefined
  return first === '<' ? 'junit' : first === '{' ? 'gradescope' : 'tap'
}
