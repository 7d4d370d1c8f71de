import { z } from 'zod'
import { readYaml, YamlProblem } from '../../../common/yaml.js'
import {
  type AssignmentTest,
  assignmentBounds,
  assignmentTest,
  type TestsFile,
} from '../../../protocol/api/index.js'
import { ApiError } from '../../errors.js'

/** Tests that were read from a file of something else, and what of it was not understood. */
export interface ImportedTests {
  readonly tests: AssignmentTest[]
  readonly problems: { where: string; problem: string }[]
}

const object = z.record(z.string(), z.unknown())
const list = z.object({ tests: z.array(z.unknown()) })

/**
 * Reads the tests of GitHub Classroom (`autograding.json`, or the steps of its workflow) or of Classroom 50 (`tests.json`). What has no
 * meaning here is told, and nothing is left out without a word.
 *
 * @throws ApiError `invalid_request` for what is no such file
 */
export function importTests(format: TestsFile, content: string): ImportedTests {
  const into: ImportedTests = { tests: [], problems: [] }
  if (format === 'autograding.json') readAutograding(json(content), into)
  else if (format === 'tests.json') readClassroom50(json(content), into)
  else readWorkflow(yaml(content), into)
  if (into.tests.length > assignmentBounds.tests) {
    throw new ApiError('invalid_request', `the file has more than ${assignmentBounds.tests} tests`)
  }
  return into
}

function json(content: string): unknown {
  try {
    return JSON.parse(content)
  } catch {
    throw new ApiError('invalid_request', 'the file is not JSON')
  }
}

function yaml(content: string): unknown {
  try {
    return readYaml(content)
  } catch (error) {
    if (error instanceof YamlProblem) throw new ApiError('invalid_request', `the workflow ${error.message}`)
    throw error
  }
}

/** What tells of one test, and which of its fields were asked for. */
class Fields {
  readonly #seen = new Set<string>()
  constructor(
    readonly where: string,
    private readonly of: Readonly<Record<string, unknown>>,
    private readonly problems: ImportedTests['problems'],
  ) {}

  /** Empty is the same as absent. */
  text(name: string): string | undefined {
    const value = this.take(name)
    if (value === undefined || value === null || value === '') return undefined
    if (typeof value === 'string') return value
    if (typeof value === 'number' || typeof value === 'boolean') return String(value)
    this.problem(`${name} is no text`)
    return undefined
  }

  number(name: string): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const value = Number(text)
    if (Number.isFinite(value) && value >= 0) return value
    this.problem(`${name} is no number`)
    return undefined
  }

  take(name: string): unknown {
    this.#seen.add(name)
    return this.of[name]
  }

  problem(problem: string): void {
    this.problems.push({ where: this.where, problem })
  }

  /** Fields that nothing has asked for. */
  rest(): void {
    for (const name of Object.keys(this.of)) {
      if (!this.#seen.has(name)) this.problem(`${name} has no meaning here`)
    }
  }
}

interface Read {
  readonly name: string | undefined
  readonly points: number | undefined
  readonly timeoutSeconds: number | undefined
  readonly setup: string | undefined
  readonly command: string | undefined
  readonly input?: string | undefined
  readonly expected?: string | undefined
  readonly comparison?: string | undefined
}

function add(read: Read, fields: Fields, { tests }: ImportedTests): void {
  fields.rest()
  const { name = `Test ${tests.length + 1}`, points = 0, timeoutSeconds = 10, setup, command } = read
  const { input, expected, comparison } = read
  const wanted = {
    ...{
      id: idOf(name, tests),
      name: name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, 200),
      points,
    },
    ...{ timeoutSeconds: Math.min(3600, Math.max(1, Math.ceil(timeoutSeconds))), command },
    ...(setup === undefined ? {} : { setup }),
    ...(input === undefined ? {} : { input }),
    ...(expected === undefined ? {} : { expected }),
    ...(comparison === undefined ? {} : { comparison: comparison === 'contains' ? 'included' : comparison }),
  }
  const test = assignmentTest.safeParse(wanted)
  if (test.success) tests.push(test.data)
  else {
    const [issue] = test.error.issues
    fields.problem(`is left out: ${issue?.path.join('.') ?? ''} ${issue?.message ?? 'is not understood'}`)
  }
}

function idOf(name: string, tests: readonly AssignmentTest[]): string {
  const base =
    name
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 56) || 'test'
  const isTaken = (id: string) => tests.some((one) => one.id === id)
  let id = base
  for (let more = 2; isTaken(id); more++) id = `${base}-${more}`
  return id
}

function eachTest(
  file: unknown,
  into: ImportedTests,
  read: (fields: Fields) => Read | undefined,
  known: readonly string[],
): void {
  const found = list.and(object).safeParse(file)
  if (!found.success) throw new ApiError('invalid_request', 'the file has no list of tests')
  const top = new Fields('file', found.data, into.problems)
  for (const name of ['tests', ...known]) top.take(name)
  top.rest()
  found.data.tests.forEach((one, at) => {
    const test = object.safeParse(one)
    const name = test.success && typeof test.data.name === 'string' ? test.data.name : `test ${at + 1}`
    const fields = new Fields(name.slice(0, 100), test.data ?? {}, into.problems)
    const wanted = test.success ? read(fields) : undefined
    if (!test.success) fields.problem('is left out: it is no object')
    else if (wanted !== undefined) add(wanted, fields, into)
  })
}

/** Minutes, as GitHub Classroom has them. */
const minutes = (value: number | undefined) => (value === undefined ? 600 : value * 60)

/** @see https://docs.github.com/en/education/manage-coursework-with-github-classroom */
function readAutograding(file: unknown, into: ImportedTests): void {
  eachTest(
    file,
    into,
    (fields) => ({
      ...{ name: fields.text('name'), points: fields.number('points') },
      ...{ timeoutSeconds: minutes(fields.number('timeout')), setup: fields.text('setup') },
      ...{ command: fields.text('run'), input: fields.text('input') },
      ...{ expected: fields.text('output'), comparison: fields.text('comparison') },
    }),
    [],
  )
}

/** @see https://github.com/foundation50/classroom50 `schemas/tests-v1.schema.json` */
function readClassroom50(file: unknown, into: ImportedTests): void {
  const read = (fields: Fields): Read | undefined => {
    const type = fields.text('type')
    const code = fields.number('exit-code') ?? 0
    const files = ['input-file', 'expected-file'].flatMap((name) => fields.text(name) ?? [])
    const wanted = {
      ...{ name: fields.text('name'), points: fields.number('points'), setup: fields.text('setup') },
      ...{ timeoutSeconds: fields.number('timeout') || 10, command: fields.text('run') },
      ...{ input: fields.text('input'), expected: fields.text('expected') },
      comparison: fields.text('comparison'),
    }
    if (code !== 0) return void fields.problem(`is left out: only the exit status 0 passes, and not ${code}`)
    if (files.length > 0) {
      return void fields.problem(
        `is left out: it reads ${files.join(' and ')}; write what is in there into the test`,
      )
    }
    if (type === 'python') fields.problem('its points are given as a whole, and not for each test of pytest')
    else if (type !== 'io' && type !== 'run') fields.problem(`the type ${type ?? 'of nothing'} is not known`)
    return wanted
  }
  eachTest(file, into, read, ['schema'])
}

const workflow = z.looseObject({
  jobs: z.record(z.string(), z.looseObject({ steps: z.array(z.unknown()).optional() })),
})
const step = z.looseObject({
  name: z.string().optional(),
  uses: z.string().optional(),
  with: object.optional(),
})
const grader = /^[\w.-]+\/autograding-(command|io|python)-grader(@|$)/
/** They test nothing. */
const others = /^(actions\/checkout|[\w.-]+\/autograding-grading-reporter)(@|$)/

/** The steps of a workflow that grade. @see https://github.com/education/autograding-io-grader */
function readWorkflow(file: unknown, into: ImportedTests): void {
  const found = workflow.safeParse(file)
  if (!found.success) throw new ApiError('invalid_request', 'the file is no workflow with jobs')
  for (const { steps = [] } of Object.values(found.data.jobs)) {
    for (const [at, one] of steps.entries()) {
      const { data, success } = step.safeParse(one)
      const where = (data?.name ?? `step ${at + 1}`).slice(0, 100)
      const tell = (problem: string) => void into.problems.push({ where, problem })
      if (!success) {
        tell('is left out: it is no step')
        continue
      }
      const { uses = '', with: inputs = {} } = data
      if (others.test(uses)) continue
      const [, kind] = grader.exec(uses) ?? []
      if (kind === undefined) {
        tell('is left out: it is no step that grades; what it prepares belongs into a template or into setup')
        continue
      }
      const fields = new Fields(where, inputs, into.problems)
      const name = fields.text('test-name') ?? data.name
      if (kind === 'python')
        fields.problem('its points are given as a whole, and not for each test of pytest')
      add(
        {
          ...{ name, points: fields.number('max-score'), timeoutSeconds: minutes(fields.number('timeout')) },
          ...{ setup: fields.text('setup-command'), command: fields.text('command') },
          ...(kind === 'io'
            ? {
                ...{ input: fields.text('input'), expected: fields.text('expected-output') },
                comparison: fields.text('comparison-method'),
              }
            : {}),
        },
        fields,
        into,
      )
    }
  }
}
