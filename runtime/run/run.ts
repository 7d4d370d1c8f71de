import type { Artifact, CaseResult, StepResult, StepStatus } from '../../protocol/api/index.js'
import { runBounds } from '../../protocol/api/index.js'
import type { RuntimeRunResult } from '../../protocol/node/index.js'
import { readFile } from '../files/read.js'
import { statPath } from '../files/tree.js'
import { commandOf, runCases } from './cases.js'
import { Judge, JudgeUnusable } from './judge.js'
import type { RunSandbox } from './run-sandbox.js'
import { RunSandboxSeries } from './run-sandbox-series.js'
import { startStaged } from './staged-exec.js'
import { type RunContext, runStep, type Step } from './step.js'

/**
 * A run, whole: a fresh sandbox with the files in it, the steps in order until one fails, then the cases, then
 * what was asked for of the files. The sandboxes are destroyed after the answer.
 */
export async function performRun(context: RunContext): Promise<RuntimeRunResult> {
  const { run } = context
  const steps: StepResult[] = []
  const series = await RunSandboxSeries.open(context, run)
  let judge: Judge | undefined
  try {
    const decided = run.cases !== null || run.judge !== undefined
    for (const step of decided ? run.steps.slice(0, -1) : run.steps) {
      const result = await performSingle(context, series.current, step)
      steps.push(result)
      if (result.status !== 'ok') return answer(result.status, steps, [], [])
    }
    const last = run.steps.at(-1)
    if (!decided || last === undefined) {
      return answer('ok', steps, [], await collect(series.current, run.artifacts))
    }
    judge = run.judge && (await Judge.open(context, run.judge))
    if (run.cases === null) {
      const result = await performSingle(context, series.current, last, judge)
      steps.push(result)
      const artifacts = result.status === 'ok' ? await collect(series.current, run.artifacts) : []
      return answer(result.status, steps, [], artifacts)
    }
    if (steps.length > 0) await series.settle()
    const cases = await runCases(context, series, last, judge)
    return answer(cases.find((one) => one.status !== 'ok')?.status ?? 'ok', steps, cases, [])
  } catch (error) {
    if (error instanceof JudgeUnusable) return answer('judge_error', steps, [], [], error.message)
    throw error
  } finally {
    series.close()
    await judge?.close()
  }
}

async function performSingle(
  context: RunContext,
  runSandbox: RunSandbox,
  step: Step,
  judge?: Judge,
): Promise<StepResult> {
  const command = commandOf(step)
  const { node, pooledExecs } = context
  const staged =
    pooledExecs.take(runSandbox.sandbox, command) ??
    (await startStaged(node, runSandbox.sandbox, command, false))
  const { name, stdin } = step
  const at = { name, stdin, case: null }
  const content = { input: Buffer.from(stdin, 'base64'), output: Buffer.alloc(0), expected: '' }
  const result =
    judge === undefined
      ? (await runStep(context, runSandbox, staged, step, at)).result
      : await judge.converse(runSandbox, staged, step, at, content)
  context.emit({ type: 'step', result })
  return result
}

/** Files of the sandbox, as far as they fit. */
async function collect(runSandbox: RunSandbox, paths: readonly string[]): Promise<Artifact[]> {
  const artifacts: Artifact[] = []
  let left: number = runBounds.artifactBytes
  using root = runSandbox.files()
  for (const path of paths) {
    const entry = await statPath(root, path).catch(() => undefined) // what is not there is said to be so
    if (entry?.type !== 'file' || entry.sizeBytes > left) {
      artifacts.push({ path, sizeBytes: entry?.sizeBytes ?? null, content: null })
      continue
    }
    const chunks: Buffer[] = []
    for await (const chunk of (await readFile(root, path)).content) chunks.push(chunk)
    left -= entry.sizeBytes
    artifacts.push({ path, sizeBytes: entry.sizeBytes, content: Buffer.concat(chunks).toString('base64') })
  }
  return artifacts
}

const answer = (
  status: StepStatus,
  steps: StepResult[],
  cases: CaseResult[],
  artifacts: Artifact[],
  message: string | null = null,
): RuntimeRunResult => ({ status, steps, cases, artifacts, message })
