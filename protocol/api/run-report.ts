import { z } from 'zod'
import { reportFormat } from './run-request.js'
import { contentEncoding } from './sandbox.js'

export const testStatus = z.enum(['passed', 'failed', 'error', 'skipped'])
export type TestStatus = z.infer<typeof testStatus>

/** One test of a report. */
export const testResult = z.object({
  name: z.string(),
  status: testStatus,
  points: z.number().nullable().describe('null where the report gives none'),
  maxPoints: z.number().nullable(),
  message: z.string().nullable().describe('why it failed, or was skipped'),
  durationMs: z.number().nullable(),
})
export type TestResult = z.infer<typeof testResult>

/** What a file about tests says. */
export const testReport = z.object({
  format: reportFormat.nullable().describe('null when it is not known'),
  tests: z.array(testResult),
  passed: z.number().describe('of all, also of those that are not listed'),
  total: z.number().describe('without those that were skipped'),
  points: z.number().nullable().describe('sum of the points; null where the report gives none'),
  maxPoints: z.number().nullable(),
  truncated: z.boolean().describe('there were more tests, or longer messages'),
  problem: z.string().nullable().describe('why it could not be read; then there are no tests'),
})
export type TestReport = z.infer<typeof testReport>

/** What a program and its judge said to each other, in order; `truncated` when this is only the beginning. */
export const transcript = z.object({
  turns: z.array(
    z.object({ from: z.enum(['program', 'judge']), content: z.string(), encoding: contentEncoding }),
  ),
  truncated: z.boolean(),
})
export type Transcript = z.infer<typeof transcript>
