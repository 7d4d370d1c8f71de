import type { CaseResult, RunCase } from '../../protocol/api/index.js'
import { argumentsOf } from './command.js'
import { matches } from './compare.js'
import type { Judge } from './judge.js'
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
  judge: Judge | undefined,
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
      const result = await performCase(context, series, staged, step, one, index, judge)
      results.push(result)
      context.emit({ type: 'case', result })
      if (context.run.stopOnFailure && result.status !== 'ok') break
      if (next === undefined) break
      judge?.prepare()
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
  judge: Judge | undefined,
): Promise<CaseResult> {
  const { stdin, expected } = one
  const at = { name: one.name ?? String(index + 1), stdin, case: index }
  const content = { input: Buffer.from(stdin, 'base64'), output: Buffer.alloc(0), expected: expected ?? '' }
  if (judge?.mode === 'interactive') {
    return { ...(await judge.converse(series.current, staged, step, at, content)), index }
  }
  judge?.prepare()
  const { result, outcome } = await runStep(context, series.current, staged, step, at)
  if (result.status !== 'ok') return { ...result, index }
  const output = outcome.stdout.content()
  if (judge !== undefined) return { ...(await judge.check(result, { ...content, output })), index }
  const wrong = expected !== undefined && !matches(output, expected, one.compare)
  return { ...result, index, ...(wrong ? { status: 'wrong_answer' } : {}) }
}

/** What a step becomes in a sandbox. */
export function commandOf(step: Step, one?: RunCase): Command {
  return {
    args: argumentsOf(step.command, one?.args ?? []),
    ...{ env: step.env, memoryMiB: step.limits.memoryMiB },
  }
}
