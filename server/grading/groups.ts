import {
  type AssignmentJudge,
  type AssignmentTest,
  type CreateRun,
  caseFolder,
  createRun,
  type RunFile,
  runBounds,
} from '../../protocol/api/index.js'
import { ApiError } from '../errors.js'
import type { Placed } from './files.js'

/** Tests that run one after the other in the same run: it is prepared once for all of them. */
export interface Group {
  readonly setup: string | undefined
  readonly timeoutSeconds: number
  readonly judge: AssignmentJudge | undefined
  readonly tests: readonly AssignmentTest[]
}

/** Of the output of one test. */
const outputBytesMax = 256 * 1024
const setupSeconds = 300
/** `ln` for each pair of a target and a path. They are arguments: nothing of them is a command. */
const linking = `while [ $# -gt 1 ]; do mkdir -p -- "$(dirname -- "$2")" && ln -s -- "$1" "$2" || exit; shift 2; done`
/** Fewer than the kernel allows as arguments of one program. */
const linksAtOnce = 40

/** Those with the same setup, time limit and judge are one group. */
export function groupsOf(tests: readonly AssignmentTest[]): Group[] {
  const groups = new Map<string, Group & { readonly tests: AssignmentTest[] }>()
  for (const test of tests) {
    const { setup, timeoutSeconds, judge } = test
    const key = JSON.stringify([setup ?? null, timeoutSeconds, judge ?? null])
    const known = groups.get(key)
    if (known === undefined) groups.set(key, { setup, timeoutSeconds, judge, tests: [test] })
    else known.tests.push(test)
  }
  return [...groups.values()]
}

/** Where tests run. */
export interface Where {
  readonly template: string
  readonly memoryMiB: number
  readonly pids: number
  readonly diskMiB: number
  readonly network: CreateRun['network']
}

/**
 * A group as a run: each test is a case, whose argument is the command. What is expected is in it only for a judge, which has a sandbox of its
 * own; else it is compared outside.
 *
 * @param placed is put in after the request was checked, for it may be more than a caller may send; so are the files of the judge
 * @param hidden files of the assignment, for the judge
 * @throws ApiError `invalid_request` when they are where the judge gets its input
 */
export function runOf(
  group: Group,
  { files, links }: Placed,
  hidden: readonly RunFile[],
  where: Where,
): CreateRun {
  const { template, network, ...limits } = where
  const steps = []
  for (let at = 0; at < links.length; at += linksAtOnce) {
    const pairs = links.slice(at, at + linksAtOnce).flatMap(({ target, path }) => [target, `./${path}`])
    steps.push({ name: `links ${at}`, command: ['/bin/sh', '-c', linking, 'sh', ...pairs] })
  }
  if (group.setup !== undefined) {
    const wallMs = setupSeconds * 1000
    steps.push({ name: 'setup', command: group.setup, limits: { wallMs, cpuMs: wallMs } })
  }
  const wallMs = group.timeoutSeconds * 1000
  const outputBytes = Math.min(outputBytesMax, Math.floor(runBounds.keptBytes / (group.tests.length + 1)))
  const wanted = createRun.parse({
    ...{ template, network },
    steps: [{ name: 'tests', command: ['/bin/sh', '-c'] }],
    limits: { ...limits, wallMs, cpuMs: wallMs, outputBytes },
    cases: group.tests.map(({ id, command, input = '', expected }) => ({
      ...{ name: id, args: [command], stdin: input },
      ...(group.judge !== undefined && expected !== undefined && { expected }),
    })),
    ...(group.judge && { judge: judgeOf(group.judge, limits, wallMs) }),
  })
  const judge = wanted.judge && { ...wanted.judge, files: judgeFiles(hidden) }
  return { ...wanted, files, steps: [...steps, ...(wanted.steps ?? [])], ...(judge && { judge }) }
}

/** As much room as the tested program has; of an interactive one a little more time, so that it is the program that is late. */
function judgeOf(
  { mode, command, compile, template, report }: AssignmentJudge,
  { memoryMiB, pids, diskMiB }: Omit<Where, 'template' | 'network'>,
  wallMs: number,
) {
  const times = mode === 'checker' ? { wallMs, cpuMs: wallMs } : {}
  return {
    // What a judge is given are the arguments of its last command.
    ...{ mode, command: `${command} "$@"`, limits: { memoryMiB, pids, diskMiB, ...times } },
    ...(compile !== undefined && { compile }),
    ...(template !== undefined && { template }),
    ...(report !== undefined && { report: { path: report } }),
  }
}

function judgeFiles(hidden: readonly RunFile[]): RunFile[] {
  const inTheWay = hidden.find(({ path }) => path === caseFolder || path.startsWith(`${caseFolder}/`))
  if (inTheWay !== undefined) {
    throw new ApiError(
      'invalid_request',
      `the hidden file ${inTheWay.path} is in ${caseFolder}/, where a judge gets its input; name it otherwise`,
    )
  }
  return [...hidden]
}
