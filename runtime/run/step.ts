import type { StepResult } from '../../protocol/api/index.js'
import type { RuntimeRun, RuntimeRunEvent } from '../../protocol/node/index.js'
import type { NodeContext } from '../sandbox/node.js'
import { AttemptLost } from './lost.js'
import { encode, Pieces } from './output-buffer.js'
import type { PooledExecs } from './pooled-execs.js'
import { type Outcome, runProgram } from './program.js'
import type { RunDependencies, RunSandbox } from './run-sandbox.js'
import { cancelStaged, type StagedExec } from './staged-exec.js'
import { policy } from './verdict.js'

/** One step of a request. */
export type Step = RuntimeRun['steps'][number]

/** A run while it goes. */
export interface RunContext extends RunDependencies {
  readonly pooledExecs: PooledExecs
  readonly run: RuntimeRun
  emit(event: RuntimeRunEvent): void
  readonly canceled: AbortSignal
  /** Bytes of output that the answer may still hold. */
  room: number
}

/** Lets a staged exec become one step, or one case of it, in a control group of its own. */
export async function runStep(
  context: RunContext,
  runSandbox: RunSandbox,
  staged: StagedExec,
  step: Step,
  at: { readonly name: string; readonly stdin: string; readonly case: number | null },
): Promise<{ result: StepResult; outcome: Outcome }> {
  const { node, run, emit, canceled } = context
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
    const outcome = await runProgram(node, staged, group, program, canceled)
    print('stdout', pieces.stdout.rest())
    print('stderr', pieces.stderr.rest())
    const { exitCode, signal } = outcome.exit
    if (outcome.passed === null && exitCode !== 0) {
      runSandbox.assertAlive()
      if (exitCode === null && signal === null)
        throw new AttemptLost('how the program ended was not observed')
    }
    // Looking costs the case its freshness, so a case that has written nothing is not asked.
    const diskFull = (at.case === null || exitCode !== 0) && runSandbox.diskIsFull()
    const { name, stdin: _, ...rest } = at
    const { limits, compile } = step
    const result = policy(outcome, { name, limits, compile, diskFull, room: context.room, ...rest })
    context.room -= outcome.stdout.kept + outcome.stderr.kept
    return { result, outcome }
  } finally {
    runSandbox
      .removeGroup(group)
      .catch((error: unknown) => node.log.warn({ error, run: run.id }, 'a control group stays'))
  }
}

/** A staged exec that cannot go where it is to be counted must not wait for ever. */
async function orDrop<T>(node: NodeContext, staged: StagedExec, act: () => T): Promise<T> {
  try {
    return act()
  } catch (error) {
    await cancelStaged(node, staged)
    throw error
  }
}
