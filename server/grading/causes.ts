import { z } from 'zod'
import type { CaseResult, StepResult } from '../../protocol/api/index.js'
import type { StoredResult } from './rows.js'

/** Why a test failed. `text` is the same for the same mistake, `example` is what was told. */
const cause = z.object({ text: z.string(), example: z.string() })

/** What is stored of a grading for statistics (`grading.causes`): no NUL, for the database reads it. */
export const storedCauses = z.array(z.object({ test: z.string(), passed: z.boolean(), why: z.array(cause) }))
export type StoredCauses = z.infer<typeof storedCauses>

/** Of one test: a report may tell of 200 that failed. */
const causesMax = 5
const readMax = 500
const textMax = 200
const stderrMax = 64 * 1024

/** The line that Python, Java, JavaScript, Ruby and others say an error in. */
const named = /^(?:Exception in thread "[^"]*" )?(?:[A-Za-z_]\w*[.:$]+)*[A-Za-z_]\w*(?:Error|Exception)\b/
const looksLikeOne = /error|panic|fault|fatal/i

/** @param from the output of the program, where it is known */
export function causesOf(
  tests: readonly StoredResult[],
  from: ReadonlyMap<string, CaseResult | StepResult> = new Map(),
): StoredCauses {
  return tests.map((test) => {
    const passed = test.status === 'passed'
    const told = passed ? [] : toldBy(test, from.get(test.id))
    const why = new Map(told.map(storable).map((example) => [normalized(example), example]))
    return {
      ...{ test: test.id, passed },
      why: [...why]
        .slice(0, causesMax)
        .map(([text, example]) => ({ text, example: example.slice(0, textMax) })),
    }
  })
}

/** Of the tests of a report each that failed; else the error that the program printed, or how it ended. */
function toldBy(
  { status, message, parts }: StoredResult,
  from: CaseResult | StepResult | undefined,
): string[] {
  const failed = parts?.filter((part) => !part.passed && !part.skipped) ?? []
  if (failed.length > 0) return failed.map((part) => firstLine(part.message ?? '') || part.name)
  const hasEndedItself = status === 'failed' || status === 'setup_failed'
  const stderr = from === undefined || !hasEndedItself || from.exitCode === 0 ? '' : textOf(from)
  return [errorIn(stderr) ?? (firstLine(message ?? '') || status)]
}

function textOf({ stderr: { content, encoding } }: CaseResult | StepResult): string {
  const text = encoding === 'utf8' ? content : Buffer.from(content, 'base64').toString()
  return text.slice(-stderrMax)
}

/** Of a chain of exceptions the last is what ended the program; of a compiler the first error leads to the others. */
export function errorIn(stderr: string): string | undefined {
  const lines = stderr.split('\n').map((line) => line.trim())
  const all = lines.filter((line) => line !== '')
  return (
    all.findLast((line) => named.test(line.slice(0, readMax))) ??
    all.find((line) => looksLikeOne.test(line.slice(0, readMax))) ??
    all.at(-1)
  )
}

const firstLine = (text: string): string => text.trim().split('\n', 1)[0] ?? ''

/** Without NUL and halves of characters, which the database cannot read. */
const storable = (text: string): string => Buffer.from(text.slice(0, readMax).replaceAll('\0', '')).toString()

/** What differs between students who make the same mistake. In this order: a path may be quoted, and have numbers in it. */
const varying: readonly RegExp[] = [
  /(?<![\w])(?:'[^']*'|"[^"]*"|`[^`]*`)(?!\w)/g,
  /‘[^’]*’|“[^”]*”|«[^»]*»/g,
  /\b[a-z][a-z0-9+.-]*:\/\/\S+/gi,
  /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g,
  /\b0x[0-9a-f]+\b/gi,
  /(?:~|\.{1,2})?(?:\/[\w.@+-]+)+\/?(?::\d+)*/g,
  /\b[\w-]+\.[a-z]{1,5}(?::\d+)+/gi,
  /\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b/gi,
  /(?<![\w…])-?\d+(?:[.,]\d+)*|\d+(?:[.,]\d+)*/g,
]

/** The same text for the same mistake: numbers, paths, addresses and quoted text become `…`. */
export function normalized(text: string): string {
  const replaced = varying.reduce((left, pattern) => left.replace(pattern, '…'), text.slice(0, readMax))
  const joined = replaced.replaceAll(/\s+/g, ' ').replaceAll(/…(?:[-+.,:;]?…)+/g, '…')
  return joined.trim().slice(0, textMax)
}
