import { createHash } from 'node:crypto'
import { stringify } from 'yaml'
import { z } from 'zod'
import { readYaml, YamlProblem } from '../../../common/yaml.js'
import type { Assignment as Row } from '../../../prisma/generated/client.js'
import {
  assignmentBounds,
  assignmentId,
  type CreateAssignment,
  createAssignment,
} from '../../../protocol/api/index.js'
import { ApiError } from '../../errors.js'
import type { StarterFile } from '../archive.js'
import {
  examOf,
  storedGrading,
  storedLimits,
  storedNetwork,
  storedPaths,
  storedRubric,
  storedSource,
  storedSteps,
  storedTests,
} from '../rows.js'

/** Names of what is in the folder of an assignment. */
const names = { text: 'assignment.md', settings: 'assignment.json', tests: 'tests.json' } as const

const folder = z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N}._ -]{0,79}$/u, 'is no name of a folder')
const courseFile = z.object({
  format: z.literal(1),
  assignments: z.array(folder).max(assignmentBounds.assignments),
})
const settings = createAssignment
  .omit({ text: true, tests: true })
  .extend({ id: assignmentId.optional().describe('by which it is known when it is imported again') })

/** An assignment of a course archive. */
export interface CourseAssignment {
  readonly folder: string
  /** Undefined for one that was written by hand: it is always new. */
  readonly id: string | undefined
  readonly wanted: CreateAssignment
  readonly starter: readonly StarterFile[]
  readonly hidden: readonly StarterFile[]
}

/** What a row says in the form of a request. Times that were given with an offset are in UTC. */
export function wantedOf(row: Row): CreateAssignment {
  const time = (at: Date | null, local: string | null) => (at === null ? null : (local ?? at.toISOString()))
  return createAssignment.parse({
    ...{ title: row.title, text: row.text, published: row.published },
    ...{ opensAt: time(row.opensAt, row.opensLocal), dueAt: time(row.dueAt, row.dueLocal) },
    late:
      row.latePercent === null
        ? null
        : { until: time(row.lateUntil, row.lateLocal), percentPerDay: row.latePercent },
    ...{ source: storedSource.parse(row.source), limits: storedLimits.parse(row.limits) },
    ...{ network: storedNetwork.parse(row.network), readOnly: storedPaths.parse(row.readOnly) },
    ...{ steps: storedSteps.parse(row.steps), tests: storedTests.parse(row.tests) },
    ...{
      grading: storedGrading.parse(row.grading),
      rubric: storedRubric.parse(row.rubric),
      exam: examOf(row),
    },
  })
}

/** The same for what was read of an archive, so that both can be compared. */
export function sameForm(wanted: CreateAssignment): CreateAssignment {
  const time = (text: string | null) =>
    text !== null && /(Z|[+-]\d{2}:?\d{2})$/.test(text) ? new Date(text).toISOString() : text
  const { opensAt, dueAt, late } = wanted
  return {
    ...{ ...wanted, opensAt: time(opensAt), dueAt: time(dueAt) },
    late: late === null ? null : { ...late, until: time(late.until) },
  }
}

const asJson = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`
const fileOf = (path: string, text: string): StarterFile => ({
  ...{ path, executable: false, content: Buffer.from(text) },
})

/** Folders of assignments, by their order and titles. */
export function foldersOf(rows: readonly Pick<Row, 'title'>[]): string[] {
  return rows.map(({ title }, at) => {
    const words = title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, '-')
      .replace(/^-+|-+$/g, '')
    return `${String(at + 1).padStart(3, '0')}-${[...words].slice(0, 40).join('') || 'assignment'}`
  })
}

/** The file that tells what there is. */
export const courseOf = (name: string, timeZone: string, folders: readonly string[]): StarterFile =>
  fileOf('course.yaml', stringify({ format: 1, name, timeZone, assignments: folders }))

/** What is in the folder of an assignment but its starter and hidden files. */
export function* filesOf(row: Row, inside: string): Generator<StarterFile> {
  const { text, tests, ...rest } = wantedOf(row)
  yield fileOf(`${inside}/${names.settings}`, asJson({ id: row.origin ?? row.id, ...rest }))
  yield fileOf(`${inside}/${names.text}`, text)
  yield fileOf(`${inside}/${names.tests}`, asJson(tests))
}

const wrong = (why: string) => new ApiError('invalid_request', `the course: ${why}`)

/**
 * What an archive holds.
 * @returns also files that have no meaning, which are not imported
 * @throws ApiError `invalid_request` that says in which file
 */
export function readCourse(files: readonly StarterFile[]): {
  assignments: CourseAssignment[]
  ignored: string[]
} {
  const by = new Map(files.map((file) => [file.path, file]))
  const take = (path: string) => {
    const found = by.get(path)
    by.delete(path)
    return found?.content.toString()
  }
  const index = take('course.yaml')
  if (index === undefined) throw wrong('there is no course.yaml at the top of the archive')
  const { assignments: folders } = parsed('course.yaml', courseFile, yaml(index))
  if (new Set(folders).size !== folders.length) throw wrong('course.yaml: names a folder twice')
  const assignments = folders.map((inside): CourseAssignment => {
    const path = `${inside}/${names.settings}`
    const found = take(path)
    if (found === undefined) throw wrong(`there is no ${path}`)
    const { id, ...rest } = parsed(path, settings, json(path, found))
    const testsPath = `${inside}/${names.tests}`
    const wanted = parsed(inside, createAssignment, {
      ...{ ...rest, text: take(`${inside}/${names.text}`) ?? '' },
      tests: json(testsPath, take(testsPath) ?? '[]'),
    })
    const below = (kind: string) =>
      files.flatMap((file) => {
        const top = `${inside}/${kind}/`
        if (!file.path.startsWith(top)) return []
        by.delete(file.path)
        return [{ ...file, path: file.path.slice(top.length) }]
      })
    return { folder: inside, id, wanted, starter: below('starter'), hidden: below('tests') }
  })
  const ids = assignments.flatMap(({ id }) => (id === undefined ? [] : [id]))
  if (new Set(ids).size !== ids.length) throw wrong('two assignments have the same id; remove one of the ids')
  return { assignments, ignored: [...by.keys()].slice(0, 100) }
}

function yaml(text: string): unknown {
  try {
    return readYaml(text)
  } catch (error) {
    if (error instanceof YamlProblem) throw wrong(`course.yaml ${error.message}`)
    throw error
  }
}

function json(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw wrong(`${path} is not JSON`)
  }
}

function parsed<T>(path: string, schema: z.ZodType<T>, value: unknown): T {
  const found = schema.safeParse(value)
  if (found.success) return found.data
  const [issue] = found.error.issues
  throw wrong(`${path}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? 'is not understood'}`)
}

export const hashOf = (content: Buffer | string): string => createHash('sha256').update(content).digest('hex')
