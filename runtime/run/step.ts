import type { RuntimeRun, RuntimeRunEvent, StepResult } from '../../protocol/index.js'
import type { NodeContext } from '../sandbox/node.js'
import { dropGate, type Gate } from './gate.js'
import { encode, Pieces } from './kept.js'
import { AttemptLost } from './lost.js'
import type { PooledGates } from './pooled-gates.js'
import { type Outcome, runProgram } from './program.js'
import type { Stage, Theatre } from './stage.js'
import { judge } from './verdict.js'

/** One step of a request. */
export type Step = RuntimeRun['steps'][number]

/** A run while it goes. */
export interface Performance extends Theatre {
  readonly gates: PooledGates
  readonly run: RuntimeRun
  emit(event: RuntimeRunEvent): void
  readonly canceled: AbortSignal
  /** Bytes of output that the answer may still hold. */
  room: number
}

/** Lets a gate become one step, or one case of it, in a control group of its own. */
export async function performStep(
  performance: Performance,
  stage: Stage,
  gate: Gate,
  step: Step,
  at: { readonly name: string; readonly stdin: string; readonly case: number | null },
): Promise<{ result: StepResult; outcome: Outcome }> {
  const { node, run, emit, canceled } = performance
  emit({ type: 'begin', step: step.name, case: at.case })
  const group = await orDrop(node, gate, () => stage.group(step.limits))
  const pieces = { stdout: new Pieces(), stderr: new Pieces() }
  const print = (stream: keyof typeof pieces, piece: Buffer) => {
    if (piece.length === 0) return
    emit({ type: 'output', stream, step: step.name, case: at.case, ...encode(piece) })
  }
  try {
    await orDrop(node, gate, () => group.enter(gate.pid))
    const program = {
      ...{ stdin: Buffer.from(at.stdin, 'base64'), limits: step.limits, cpus: run.cpus },
      onOutput: (stream: keyof typeof pieces, chunk: Buffer) => print(stream, pieces[stream].push(chunk)),
    }
    const outcome = await runProgram(node, gate, group, program, canceled)
    print('stdout', pieces.stdout.rest())
    print('stderr', pieces.stderr.rest())
    const { exitCode, signal } = outcome.exit
    if (outcome.passed === null && exitCode !== 0) {
      stage.assertAlive()
      if (exitCode === null && signal === null)
        throw new AttemptLost('how the program ended was not observed')
    }
    // Looking costs the case its freshness, so a case that has written nothing is not asked.
    const diskFull = (at.case === null || exitCode !== 0) && stage.diskIsFull()
    const { name, stdin: _, ...rest } = at
    const { limits, compile } = step
    const result = judge(outcome, { name, limits, compile, diskFull, room: performance.room, ...rest })
    performance.room -= outcome.stdout.kept + outcome.stderr.kept
    return { result, outcome }
  } finally {
    stage
      .removeGroup(group)
      .catch((error: unknown) => node.log.warn({ error, run: run.id }, 'a control group stays'))
  }
}

/** A gate that cannot go where it is to be counted must not wait for ever. */
async function orDrop<T>(node: NodeContext, gate: Gate, act: () => T): Promise<T> {
  try {
    return act()
  } catch (error) {
    await dropGate(node, gate)
    throw error
  }
}
