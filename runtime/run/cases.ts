import type { CaseResult, RunCase } from '../../protocol/api/index.js'
import { matches } from './compare.js'
import type { RunSandboxSeries } from './run-sandbox-series.js'
import { type Command, cancelStaged, type StagedExec, startStaged } from './staged-exec.js'
import { type RunContext, runStep, type Step } from './step.js'

/**
 * Runs the last step once for each case, each in a pristine state: every process of the case before is dead,
 * and either nothing that it could have changed has changed, or it runs in another sandbox, fresh as the first.
 * While one runs, the next one is staged, which takes as long as many a program.
 */
export async function runCases(
  context: RunContext,
  series: RunSandboxSeries,
  step: Step,
): Promise<CaseResult[]> {
  const results: CaseResult[] = []
  const cases = context.run.cases ?? []
  const { node, pooledExecs } = context
  const prepare = (one: RunCase) => startStaged(node, series.current.sandbox, commandOf(step, one), true)
  // The staged exec of the pool must not be left waiting: it is the user's and in no case's group, so a program could make
  // it its own and live on in it.
  const first = (one: RunCase) =>
    pooledExecs.take(series.current.sandbox, commandOf(step, one)) ?? prepare(one)
  /** The next case's. Whoever takes it out of here closes it. */
  let waiting: Promise<StagedExec> | undefined
  const drop = async () => {
    const staged = await waiting?.catch(() => undefined) // then there is nothing to drop
    waiting = undefined
    if (staged !== undefined) await cancelStaged(node, staged)
  }
  try {
    series.mark()
    for (const [index, one] of cases.entries()) {
      const staged = await (waiting ?? first(one))
      const next = cases[index + 1]
      waiting = next === undefined ? undefined : prepare(next)
      waiting?.catch(() => {}) // heard when it is taken
      const result = await performCase(context, series, staged, step, one, index)
      results.push(result)
      context.emit({ type: 'case', result })
      if (context.run.stopOnFailure && result.status !== 'ok') break
      if (next === undefined) break
      // Its start must not be seen as a change of the case.
      await waiting?.catch(() => {})
      if (series.isFresh()) continue
      await drop()
      await series.renew()
      series.mark()
    }
    return results
  } finally {
    await drop()
  }
}

async function performCase(
  context: RunContext,
  series: RunSandboxSeries,
  staged: StagedExec,
  step: Step,
  one: RunCase,
  index: number,
): Promise<CaseResult> {
  const name = one.name ?? String(index + 1)
  const { stdin, expected } = one
  const { result, outcome } = await runStep(context, series.current, staged, step, {
    ...{ name, stdin, case: index },
  })
  const wrong =
    result.status === 'ok' &&
    expected !== undefined &&
    !matches(outcome.stdout.content(), expected, one.compare)
  return { ...result, index, ...(wrong ? { status: 'wrong_answer' } : {}) }
}

/** What a step becomes in a sandbox. */
export function commandOf(step: Step, one?: RunCase): Command {
  return { args: argumentsOf(step, one), env: step.env, memoryMiB: step.limits.memoryMiB }
}

/** A command line gets the case's arguments as `$1` and so on. */
function argumentsOf(step: Step, one?: RunCase): string[] {
  const more = one?.args ?? []
  if (typeof step.command !== 'string') return [...step.command, ...more]
  return ['/bin/sh', '-c', step.command, 'sh', ...more]
}
