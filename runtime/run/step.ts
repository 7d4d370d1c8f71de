import type { RunReport, StepResult, TestReport } from '../../protocol/api/index.js'
import type { RuntimeRun, RuntimeRunEvent } from '../../protocol/node/index.js'
import type { StepCgroup } from '../cgroup/step.js'
import type { NodeContext } from '../sandbox/node.js'
import { AttemptLost } from './lost.js'
import { encode, Pieces } from './output-buffer.js'
import type { PooledExecs } from './pooled-execs.js'
import { type Outcome, type Program, runProgram } from './program.js'
import type { Reports } from './report/reports.js'
import type { RunDependencies, RunSandbox } from './run-sandbox.js'
import { cancelStaged, type StagedExec } from './staged-exec.js'
import { policy } from './verdict.js'

/** One step of a request. */
export type Step = RuntimeRun['steps'][number]

/** A run while it goes. */
export interface RunContext extends RunDependencies {
  readonly pooledExecs: PooledExecs
  readonly reports: Reports
  readonly run: RuntimeRun
  emit(event: RuntimeRunEvent): void
  readonly canceled: AbortSignal
  /** Bytes of output that the answer may still hold. */
  room: number
}

/** Has a program run that is in its group. */
export type Perform = (group: StepCgroup, program: Program) => Promise<Outcome>

/**
 * Lets a staged exec become one step, or one case of it, in a control group of its own.
 * @param perform when it does not run by itself
 */
export async function runStep(
  context: RunContext,
  runSandbox: RunSandbox,
  staged: StagedExec,
  step: Step,
  at: { readonly name: string; readonly stdin: string; readonly case: number | null },
  perform: Perform = (group, program) => runProgram(context.node, staged, group, program, context.canceled),
): Promise<{ result: StepResult; outcome: Outcome }> {
  const { node, run, emit } = context
  emit({ type: 'begin', step: step.name, case: at.case })
  const group = await orDrop(node, staged, () => runSandbox.group(step.limits))
  const pieces = { stdout: new Pieces(), stderr: new Pieces() }
  const print = (stream: keyof typeof pieces, piece: Buffer) => {
    if (piece.length === 0) return
    emit({ type: 'output', stream, step: step.name, case: at.case, ...encode(piece) })
  }
  try {
    await orDrop(node, staged, () => group.enter(staged.pid))
    const program = {
      ...{ stdin: Buffer.from(at.stdin, 'base64'), limits: step.limits, cpus: run.cpus },
      onOutput: (stream: keyof typeof pieces, chunk: Buffer) => print(stream, pieces[stream].push(chunk)),
    }
    const outcome = await perform(group, program)
    print('stdout', pieces.stdout.rest())
    print('stderr', pieces.stderr.rest())
    assertSeen(runSandbox, outcome)
    const { exitCode } = outcome.exit
    // Looking costs the case its freshness, so a case that has written nothing is not asked.
    const diskFull = (at.case === null || exitCode !== 0) && runSandbox.diskIsFull()
    const { name, stdin: _, ...rest } = at
    const { limits, compile } = step
    const result = policy(outcome, { name, limits, compile, diskFull, room: context.room, ...rest })
    context.room -= outcome.stdout.kept + outcome.stderr.kept
    const report = step.report && { report: await readReport(context, runSandbox, step.report) }
    return { result: { ...result, ...report }, outcome }
  } finally {
    runSandbox.removeGroup(group)
  }
}

/** @throws AttemptLost when how a program ended says nothing about it */
export function assertSeen(runSandbox: RunSandbox, { passed, exit }: Outcome): void {
  if (passed !== null || exit.exitCode === 0) return
  runSandbox.assertAlive()
  if (exit.exitCode === null && exit.signal === null)
    throw new AttemptLost('how the program ended was not observed')
}

/** A report in a sandbox in which no program runs, as far as the answer may still hold it. */
export async function readReport(
  context: RunContext,
  runSandbox: RunSandbox,
  wanted: RunReport,
): Promise<TestReport> {
  using root = runSandbox.files()
  const report = await context.reports.read(root, wanted)
  const bytes = Buffer.byteLength(JSON.stringify(report.tests))
  if (bytes > context.room) return { ...report, tests: [], truncated: report.tests.length > 0 }
  context.room -= bytes
  return report
}

/** A staged exec that cannot go where it is to be counted must not wait for ever. */
export async function orDrop<T>(
  node: NodeContext,
  staged: StagedExec,
  act: () => T | Promise<T>,
): Promise<T> {
  try {
    return await act()
  } catch (error) {
    await cancelStaged(node, staged)
    throw error
  }
}
