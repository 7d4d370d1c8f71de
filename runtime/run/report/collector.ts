import {
  type ReportFormat,
  runBounds,
  type TestReport,
  type TestResult,
} from '../../../protocol/api/index.js'

const nameMax = 256
const messageMax = 4096
/** Names and messages of one report together, in characters. */
const textMax = 256 * 1024

/** Why a report cannot be read, in words for whoever wrote it. */
export class ReportProblem extends Error {
  override readonly name = 'ReportProblem'
}

/** Gathers the tests of a report within its bounds. */
export class TestCollector {
  readonly #tests: TestResult[] = []
  #text = 0
  #passed = 0
  #total = 0
  #truncated = false

  add(test: TestResult): void {
    if (test.status !== 'skipped') this.#total++
    if (test.status === 'passed') this.#passed++
    const name = this.#cut(test.name, nameMax) || '?'
    const message = test.message === null ? null : this.#cut(test.message.trim(), messageMax) || null
    if (this.#tests.length >= runBounds.reportTests || this.#text >= textMax) {
      this.#truncated = true
      return
    }
    this.#text += name.length + (message?.length ?? 0)
    this.#tests.push({ ...test, name, message })
  }

  /** Tests that were announced and did not run. */
  addMissing(count: number, name: string, message: string): void {
    this.add({ name, status: 'error', points: null, maxPoints: null, message, durationMs: null })
    this.#total += count - 1
  }

  report(format: ReportFormat, points: number | null = null, maxPoints: number | null = null): TestReport {
    if (this.#total === 0 && this.#tests.length === 0 && points === null)
      throw new ReportProblem('it has no tests')
    return {
      ...{ format, tests: this.#tests, passed: this.#passed, total: this.#total, points, maxPoints },
      ...{ truncated: this.#truncated, problem: null },
    }
  }

  #cut(text: string, most: number): string {
    // PostgreSQL's JSON cannot hold NUL, nor half a character.
    const plain = text.replaceAll('\0', '\ufffd')
    if (plain.length <= most) return wellFormed(plain)
    this.#truncated = true
    return `${wellFormed(plain.slice(0, most - 1))}…`
  }
}

const wellFormed = (text: string) => Buffer.from(text).toString()
