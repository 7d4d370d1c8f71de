import { z } from 'zod'
import { storableText, utf8Bytes } from './bounds.js'
import { templateName } from './sandbox.js'

/** Bounds of the tests of one assignment. */
export const assignmentTestBounds = {
  tests: 200,
  /** As JSON. */
  testsBytes: 1024 * 1024,
} as const

/** A name or title. */
export const oneLine = (max: number) =>
  storableText(max)
    .trim()
    .min(1)
    .regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u, 'must not contain control characters')

/** A path of at most so many bytes, from a directory that it does not leave. */
export const pathBelow = (max: number) =>
  storableText(max)
    .min(1)
    .refine((path) => utf8Bytes(path) <= max, `must have at most ${max} bytes`)
    .refine(
      (path) => path.split('/').every((step) => step !== '' && step !== '.' && step !== '..'),
      'must be a relative path without empty steps, . and ..',
    )
    .regex(/^[^\p{Cc}]*$/u, 'must not contain control characters')

export const shellCommand = storableText(8192).min(1).describe('run by /bin/sh -c')

/**
 * A program of the teacher that decides about a test: the judge of a run, in a sandbox of its own with the hidden files, which nothing of the
 * student can reach. What it may write is at `POST /runs`.
 */
export const assignmentJudge = z.strictObject({
  mode: z
    .enum(['checker', 'interactive'])
    .describe(
      '`checker`: started after the command has ended, with what it printed as a file; `interactive`: runs beside it, each reads what the other prints',
    ),
  command: shellCommand.describe(
    'run by /bin/sh -c; exit status 0: passed, 1: failed, any other: no decision',
  ),
  compile: shellCommand.optional().describe('once, before the first test that it decides about'),
  template: templateName.optional().describe('if absent: that of the tests'),
  report: pathBelow(1024)
    .optional()
    .describe(
      'path of the file in which it tells of its own tests, as JUnit XML, TAP or `results.json` of Gradescope; their points are those of this test',
    ),
})
export type AssignmentJudge = z.infer<typeof assignmentJudge>

export const assignmentTest = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must be small letters, digits and hyphens, at most 64'),
  name: oneLine(200),
  points: z.number().min(0).max(10_000),
  timeoutSeconds: z.int().min(1).max(3600).default(10),
  setup: shellCommand.optional(),
  command: shellCommand,
  input: storableText(65_536)
    .optional()
    .describe('what the command reads from stdin; of an interactive judge: for the judge alone'),
  expected: storableText(65_536)
    .optional()
    .describe(
      'absent: only the exit status counts, or what the judge decides; it is compared outside, and comes into no sandbox but that of a judge',
    ),
  comparison: z
    .enum(['exact', 'included', 'regex'])
    .default('included')
    .describe(
      'of the output with `expected`, where there is no judge: `exact` but for white space at the end and kinds of line ends; `regex` as of JavaScript with the flags m and u, within a second',
    ),
  judge: assignmentJudge.optional(),
  visible: z
    .enum(['no', 'name', 'all'])
    .default('name')
    .describe(
      'to students, with the result: `no`: points only; `all`: also what their program printed, why it failed, and what the judge wrote for them',
    ),
})
export type AssignmentTest = z.infer<typeof assignmentTest>

/** Where tests come from: GitHub Classroom before and with workflows, and Classroom 50. */
export const testsFile = z.enum(['autograding.json', 'classroom.yml', 'tests.json'])
export type TestsFile = z.infer<typeof testsFile>
/** Body of `POST /assignments/{id}/tests/import`. */
export const importAssignmentTests = z.strictObject({
  file: testsFile,
  content: storableText(assignmentTestBounds.testsBytes).min(1).describe('what is in the file'),
  preview: z.boolean().default(false).describe('true: nothing is changed'),
})
export type ImportAssignmentTests = z.infer<typeof importAssignmentTests>
export const importedTests = z.object({
  tests: z.array(assignmentTest),
  problems: z
    .array(z.object({ where: z.string(), problem: z.string() }))
    .describe('all that was not understood'),
})
export type ImportedTests = z.infer<typeof importedTests>
