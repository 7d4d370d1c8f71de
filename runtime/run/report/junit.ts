import { SaxesParser } from 'saxes'
import type { TestReport, TestResult, TestStatus } from '../../../protocol/api/index.js'
import { ReportProblem, TestCollector } from './collector.js'

const depthMax = 64
/** What is inside of a test says how it went; without any it has passed. */
const outcomes: Readonly<Record<string, TestStatus>> = {
  ...{ failure: 'failed', error: 'error', skipped: 'skipped', disabled: 'skipped' },
}

/**
 * JUnit's XML, as pytest, Gradle, Surefire, gotestsum, Jest and many others write it. The parser knows the five entities of
 * XML and no others, and a document type is refused, so nothing is expanded and nothing else is read.
 *
 * @throws ReportProblem with the line where it cannot be read
 * @see https://github.com/testmoapp/junitxml
 */
export function readJunit(text: string): TestReport {
  const tests = new TestCollector()
  const parser = new SaxesParser<{ position: true; xmlns: false }>({ position: true, xmlns: false })
  const open: string[] = []
  let test: { result: TestResult; text: string } | undefined
  let inOutcome = 0
  const fail = (why: string): never => {
    throw new ReportProblem(`line ${parser.line}: ${why}`)
  }
  const speak = (words: string) => {
    if (test !== undefined && inOutcome > 0) test.text += words
  }
  parser.on('error', (error) => fail(error.message.replace(/^\d+:\d+: /, '')))
  parser.on('doctype', () => fail('a document type (<!DOCTYPE …>) is not accepted'))
  parser.on('text', speak)
  parser.on('cdata', speak)
  parser.on('opentag', ({ name, attributes }) => {
    if (open.length === 0 && name !== 'testsuites' && name !== 'testsuite')
      fail(`it begins with <${name}>; JUnit's XML begins with <testsuites> or <testsuite>`)
    if (open.push(name) > depthMax) fail(`elements are nested more than ${depthMax} deep`)
    if (name === 'testcase') {
      if (test !== undefined) fail('<testcase> inside of another')
      test = { result: begun(attributes), text: '' }
      return
    }
    const status = test && inOutcome === 0 ? outcomes[name] : undefined
    if (test === undefined || (status === undefined && inOutcome === 0)) return
    inOutcome++
    if (status === undefined) return
    // A test with an error in its teardown has a failure as well: the first one says it.
    if (test.result.status === 'passed') test.result = { ...test.result, status }
    if (attributes.message !== undefined) test.text += `${attributes.message}\n`
  })
  parser.on('closetag', ({ name }) => {
    open.pop()
    if (inOutcome > 0) inOutcome--
    if (name !== 'testcase' || test === undefined) return
    tests.add({ ...test.result, message: test.text === '' ? null : test.text })
    test = undefined
  })
  parser.write(text).close()
  return tests.report('junit')
}

function begun({ name = '', classname = '', time = '' }: Record<string, string>): TestResult {
  const seconds = time === '' ? Number.NaN : Number(time.replaceAll(',', ''))
  return {
    name: classname === '' || name.startsWith(classname) ? name : `${classname}.${name}`,
    ...{ status: 'passed', points: null, maxPoints: null, message: null },
    durationMs: Number.isFinite(seconds) && seconds >= 0 ? Math.round(seconds * 1e6) / 1000 : null,
  }
}
