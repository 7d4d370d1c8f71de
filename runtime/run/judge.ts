import {
  type JudgeResult,
  runBounds,
  type StepLimits,
  type StepResult,
  type StepStatus,
} from '../../protocol/api/index.js'
import type { RuntimeJudge } from '../../protocol/node/index.js'
import type { StepCgroup } from '../cgroup/step.js'
import { argumentsOf } from './command.js'
import { type Conversation, converse } from './conversation.js'
import { type CaseContent, caseArguments, putCase, readSaid, textOf, writtenByJudge } from './judge-files.js'
import { statusTogether, type Verdict, verdictOf } from './judge-verdict.js'
import { type Outcome, type Program, runProgram } from './program.js'
import type { RunSandbox } from './run-sandbox.js'
import { RunSandboxSeries } from './run-sandbox-series.js'
import { type Command, cancelStaged, type StagedExec, startStaged } from './staged-exec.js'
import { assertSeen, orDrop, type RunContext, readReport, runStep, type Step } from './step.js'
import { policy, seconds } from './verdict.js'

/** Of what a judge prints so much is kept: it explains, it is not the program's output. */
const keptBytes = 16 * 1024

/** The judge of a run cannot be used. The message is for whoever wrote it. */
export class JudgeUnusable extends Error {
  override readonly name = 'JudgeUnusable'
}

type Use = (staged: StagedExec, group: StepCgroup, program: Program) => Promise<Outcome>

/** One use of the judge. */
interface Used {
  readonly outcome: Outcome
  readonly own: StepResult
  readonly verdict: Verdict
  readonly result: Omit<JudgeResult, 'points' | 'transcript'>
}

/**
 * The judge of a run, in sandboxes of its own. As cases do, it keeps its sandbox while nothing changes in there, beside
 * the files of the case, which are made anew each time.
 */
export class Judge {
  #staged: Promise<StagedExec> | undefined
  #fresh = true

  private constructor(
    private readonly context: RunContext,
    private readonly judge: RuntimeJudge,
    private readonly series: RunSandboxSeries,
  ) {}

  /**
   * A judge in a fresh sandbox, compiled.
   * @throws JudgeUnusable
   */
  static async open(context: RunContext, wanted: RuntimeJudge): Promise<Judge> {
    const { template, files, network, env, diskMiB } = wanted
    const request = { ...context.run, id: `${context.run.id}-judge`, template, files, network, env, diskMiB }
    const series = await RunSandboxSeries.open(context, request, writtenByJudge)
    const judge = new Judge(context, wanted, series)
    try {
      if (wanted.compile !== undefined) await judge.#compile(wanted.compile)
      return judge
    } catch (error) {
      await judge.close()
      throw error
    }
  }

  get mode(): RuntimeJudge['mode'] {
    return this.judge.mode
  }

  /** Makes it ready for the next use, while something else goes on. */
  prepare(): void {
    this.#staged ??= this.#ready()
    this.#staged.catch(() => {}) // heard when it is taken
  }

  /** Has a checker decide about a case that ended well. */
  async check(result: StepResult, content: CaseContent): Promise<StepResult> {
    const used = await this.#use(content, (...of) => this.#alone(...of))
    const { status, problem } = used.verdict
    return { ...result, status, message: problem, judge: resultOf(used, status, null) }
  }

  /** Runs a staged exec as one step, or one case of it, connected to the judge. */
  async converse(
    runSandbox: RunSandbox,
    staged: StagedExec,
    step: Step,
    at: { readonly name: string; readonly stdin: string; readonly case: number | null },
    content: CaseContent,
  ): Promise<StepResult> {
    const { context } = this
    const { node, canceled } = context
    let began = false
    let talk: Conversation | undefined
    let program: StepResult | undefined
    const use: Use = async (judgeStaged, judgeGroup, judgeProgram) => {
      began = true
      let connected = false
      try {
        const { result } = await runStep(context, runSandbox, staged, step, at, async (group, own) => {
          connected = true
          const sides = {
            program: { staged, group, program: { ...own, keptBytes } },
            judge: { staged: judgeStaged, group: judgeGroup, program: judgeProgram },
          }
          talk = await converse(node, sides, canceled)
          return talk.program
        })
        program = result
      } catch (error) {
        if (!connected) await cancelStaged(node, judgeStaged)
        throw error
      }
      if (talk === undefined) throw new Error('the judge was not connected')
      return talk.judge
    }
    const used = await this.#use(content, use).catch(async (error: unknown) => {
      if (!began) await cancelStaged(node, staged)
      throw error
    })
    if (talk === undefined || program === undefined) throw new Error('the judge was not connected')
    const limit = seconds(talk.program.passed === 'wall' ? step.limits.wallMs : this.judge.limits.wallMs)
    const [status, message] = statusTogether(program, talk, used.verdict, limit)
    const transcript = talk.transcript.transcript(context.room)
    context.room -= talk.transcript.bytes
    return { ...program, status, message, judge: resultOf(used, status, transcript) }
  }

  /** Destroys its sandboxes, when whoever waits for the run has its answer. */
  async close(): Promise<void> {
    const staged = await this.#staged?.catch(() => undefined) // then there is nothing to drop
    this.#staged = undefined
    if (staged !== undefined) await cancelStaged(this.context.node, staged)
    this.series.close()
  }

  async #ready(): Promise<StagedExec> {
    if (!this.#fresh) await this.series.renew()
    this.#fresh = true
    return this.#stage({
      args: argumentsOf(this.judge.command, caseArguments),
      ...{ env: {}, memoryMiB: this.judge.limits.memoryMiB },
    })
  }

  /** No program runs in its sandbox now, so the process need not be guarded as that of a case has to be. */
  async #stage(command: Command): Promise<StagedExec> {
    const { sandbox } = this.series.current
    const { node, pooledExecs } = this.context
    return pooledExecs.take(sandbox, command) ?? (await startStaged(node, sandbox, command, false))
  }

  #alone(staged: StagedExec, group: StepCgroup, program: Program): Promise<Outcome> {
    return runProgram(this.context.node, staged, group, program, this.context.canceled)
  }

  async #use(content: CaseContent, use: Use): Promise<Used> {
    this.prepare()
    const taken = this.#staged
    this.#staged = undefined
    const staged = await taken
    if (staged === undefined) throw new Error('the judge is not ready')
    const runSandbox = this.series.current
    await orDrop(this.context.node, staged, async () => {
      await putCase(runSandbox, content)
      this.series.mark()
    })
    this.#fresh = false
    const outcome = await this.#run(staged, this.judge.limits, use)
    const said = await readSaid(runSandbox)
    const wanted = this.judge.report
    const report = wanted && (await readReport(this.context, runSandbox, wanted))
    this.#fresh = this.series.isFresh()
    const own = this.#resultOf(outcome, this.judge.limits)
    const { exitCode, signal, stderr, wallUs, cpuUs, memoryPeakBytes } = own
    const printed = outcome.stdout.content().subarray(0, runBounds.judgeMessageBytes)
    const message = said.message ?? (this.mode === 'checker' ? textOf(printed) : null)
    return {
      ...{ outcome, own, verdict: verdictOf(own, said, report) },
      result: {
        ...{ message, exitCode, signal, stderr, report: report ?? null },
        ...{ wallUs, cpuUs, memoryPeakBytes },
      },
    }
  }

  /** Runs a staged exec of its sandbox in a control group of its own. */
  async #run(staged: StagedExec, limits: StepLimits, use: Use): Promise<Outcome> {
    const { node, run } = this.context
    const runSandbox = this.series.current
    const group = await orDrop(node, staged, () => runSandbox.group(limits))
    try {
      await orDrop(node, staged, () => group.enter(staged.pid))
      const nothing = Buffer.alloc(0)
      const outcome = await use(staged, group, {
        ...{ stdin: nothing, limits, cpus: run.cpus, keptBytes },
        onOutput: () => {},
      })
      assertSeen(runSandbox, outcome)
      return outcome
    } finally {
      runSandbox.removeGroup(group)
    }
  }

  #resultOf(outcome: Outcome, limits: StepLimits): StepResult {
    const { context } = this
    const own = policy(outcome, {
      name: 'judge',
      limits,
      compile: false,
      diskFull: false,
      room: context.room,
    })
    context.room -= outcome.stderr.kept
    return own
  }

  async #compile(command: NonNullable<RuntimeJudge['compile']>): Promise<void> {
    const limits = this.judge.compileLimits
    const staged = await this.#stage({
      ...{ args: argumentsOf(command, []), env: {}, memoryMiB: limits.memoryMiB },
    })
    const outcome = await this.#run(staged, limits, (...of) => this.#alone(...of))
    const { status, message } = this.#resultOf(outcome, limits)
    if (status !== 'ok') {
      const printed = Buffer.concat([outcome.stderr.content(), outcome.stdout.content()])
      const words = textOf(printed.subarray(0, runBounds.judgeMessageBytes))
      throw new JudgeUnusable(
        `the judge cannot be compiled: ${message ?? status}${words === null ? '' : `\n${words}`}`,
      )
    }
    await this.series.settle()
  }
}

/** What is told of the judge: points only where it has decided, by the final status where it says nothing about them. */
function resultOf(
  { verdict, result }: Used,
  status: StepStatus,
  transcript: JudgeResult['transcript'],
): JudgeResult {
  const points =
    verdict.status === 'judge_error' || status === 'judge_error'
      ? null
      : (verdict.points ?? (status === 'ok' ? 1 : 0))
  return { ...result, points, transcript }
}
