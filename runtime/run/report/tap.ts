import type { TestReport, TestResult } from '../../../protocol/api/index.js'
import { ReportProblem, TestCollector } from './collector.js'

const plannedMax = 1_000_000
const testLine = /^(not )?ok\b(?:[ \t]+(\d+))?(?:[ \t]+-)?[ \t]*(.*)$/
const planLine = /^1\.\.(\d+)[ \t]*(?:#.*)?$/
const versionLine = /^TAP version (\d+)$/

/**
 * The Test Anything Protocol, versions 12 to 14. Of a subtest only its result counts, which the line after it tells. A test
 * that is to do counts as skipped while it fails.
 *
 * @throws ReportProblem
 * @see https://testanything.org/tap-version-14-specification.html
 */
export function readTap(text: string): TestReport {
  const tests = new TestCollector()
  let [planned, ran] = [-1, 0]
  let test: { result: TestResult; text: string } | undefined
  let yaml = false
  const end = () => {
    if (test !== undefined) tests.add({ ...test.result, message: test.text })
    test = undefined
    yaml = false
  }
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/\r$/, '')
    const at = `line ${index + 1}: `
    if (yaml) {
      yaml = !/^[ \t]+\.\.\.[ \t]*$/.test(line)
      if (yaml && test !== undefined) diagnose(test, line)
      continue
    }
    if (test !== undefined && /^[ \t]+---[ \t]*$/.test(line)) {
      yaml = true
      continue
    }
    const version = versionLine.exec(line)?.[1]
    if (version !== undefined && (Number(version) < 12 || Number(version) > 14))
      throw new ReportProblem(`${at}TAP version ${version}; 12, 13 and 14 are read`)
    const plan = planLine.exec(line)?.[1]
    if (plan !== undefined) {
      if (planned >= 0) throw new ReportProblem(`${at}a second plan`)
      planned = Number(plan)
      if (planned > plannedMax)
        throw new ReportProblem(`${at}a plan of ${plan} tests; at most ${plannedMax} are read`)
    }
    const [, not, , words] = testLine.exec(line) ?? []
    if (words !== undefined) {
      end()
      ran++
      const result = begun(not === undefined, words, ran)
      test = { result, text: result.message === null ? '' : `${result.message}\n` }
    } else if (/^#/.test(line) && test !== undefined && test.result.status === 'failed') {
      test.text += `${line.replace(/^# ?/, '')}\n`
    } else if (/^Bail out!/i.test(line)) {
      end()
      tests.addMissing(1, 'Bail out!', line)
      return tests.report('tap')
    }
  }
  end()
  if (planned < 0) throw new ReportProblem('it has no plan, such as 1..3: TAP begins or ends with one')
  if (ran < planned)
    tests.addMissing(planned - ran, `${ran + 1}..${planned}`, `planned ${planned}, but ${ran} ran`)
  if (ran > planned) tests.addMissing(1, `1..${planned}`, `planned ${planned}, but ${ran} ran`)
  return tests.report('tap')
}

function begun(ok: boolean, words: string, number: number): TestResult {
  const { before, directive, why } = directiveOf(words)
  const skipped = directive === 'skip' || (directive === 'todo' && !ok)
  return {
    name: before.trim() === '' ? `test ${number}` : before.trim().replace(/\\([#\\])/g, '$1'),
    status: skipped ? 'skipped' : ok ? 'passed' : 'failed',
    ...{ points: null, maxPoints: null, message: why, durationMs: null },
  }
}

/** By hand: a regular expression for the blanks before it takes quadratic time for many blanks. */
function directiveOf(words: string): { before: string; directive: string | undefined; why: string } {
  for (let at = words.indexOf('#'); at >= 0; at = words.indexOf('#', at + 1)) {
    if (words[at - 1] === '\\') continue
    const [, directive, why] = /^#[ \t]{0,8}(skip|todo)\b\S*(.*)$/i.exec(words.slice(at)) ?? []
    if (directive === undefined) continue
    return { before: words.slice(0, at), directive: directive.toLowerCase(), why: why?.trim() ?? '' }
  }
  return { before: words, directive: undefined, why: '' }
}

function diagnose(test: { result: TestResult; text: string }, line: string): void {
  const duration = /^[ \t]*duration_ms:[ \t]*['"]?(\d{1,12}(?:\.\d{1,9})?)['"]?[ \t]*$/.exec(line)?.[1]
  if (duration !== undefined) test.result = { ...test.result, durationMs: Number(duration) }
  else if (test.result.status !== 'passed') test.text += `${line.replace(/^ {1,2}/, '')}\n`
}
