import {
  type CreateRun,
  defaultRunLimits,
  type Language,
  type Quota,
  type RunLimits,
  type RunReport,
  runLimits,
  type StepLimits,
  stepLimits,
  type Template,
} from '../../protocol/api/index.js'
import { commandsOf, type RuntimeJudge, type RuntimeRun } from '../../protocol/node/index.js'
import { ApiError } from '../errors.js'
import { assertBothFit, judgeLimits } from './plan-judge.js'

/** What a compiler gets, unless the tenant has less: it needs more than most programs. */
const compileLimits: StepLimits = {
  ...{ wallMs: 60_000, cpuMs: 60_000, memoryMiB: 1024, pids: 128, outputBytes: 256 * 1024 },
}
/** A run is one program at a time. */
const cpus = 1

/** A request as the runtime wants it, but for who asks. */
export interface Plan {
  readonly language: string | null
  readonly run: Omit<RuntimeRun, 'id' | 'tenantId' | 'quota'>
}

/** Every language of the node, with the template that has it. */
export function languagesOf(templates: readonly Template[]): Language[] {
  return templates.flatMap(({ name: template, languages }) =>
    languages.map((language) => ({ ...language, template })),
  )
}

/**
 * Turns a request into steps.
 * @throws ApiError `invalid_request` for a language or version that nobody has, `template_unavailable`,
 *   `quota_exceeded` for limits that the tenant's quota does not allow
 */
export function plan(
  wanted: CreateRun,
  templates: readonly Template[],
  quota: Quota,
  whose = "the tenant's quota",
): Plan {
  const limits = withinQuota(runLimits.parse({ ...defaultRunLimits, ...wanted.limits }), quota, whose)
  const language = wanted.language === undefined ? undefined : find(wanted.language, templates)
  const template = language?.template ?? wanted.template ?? 'base'
  assertTemplate(template, templates)
  const { diskMiB, ...perStep } = limits
  const base64 = (text = '') => Buffer.from(text, wanted.stdinEncoding).toString('base64')
  const steps = stepsOf(wanted, language, quota).map((step) => ({
    ...{ name: step.name, command: step.command, compile: step.compile },
    ...{ stdin: base64(step.stdin), env: step.env ?? {} },
    limits: withinQuota(stepLimits.parse({ ...perStep, ...step.limits }), quota, whose),
    ...(step.report && { report: step.report }),
  }))
  const last = steps.at(-1)
  if (last !== undefined) {
    last.command = withArguments(last.command, wanted.args ?? [])
    if (wanted.stdin !== undefined) last.stdin = base64(wanted.stdin)
    if (wanted.report !== undefined) last.report = wanted.report
  }
  for (const step of steps) assertStartable(step, wanted.env)
  for (const one of wanted.cases ?? []) {
    if (last !== undefined && one.args !== undefined) {
      assertStartable({ ...last, command: withArguments(last.command, one.args) }, wanted.env)
    }
  }
  const judge =
    wanted.judge && last && planJudge(wanted.judge, { template, last, diskMiB }, templates, quota, whose)
  return {
    language: language?.name ?? null,
    run: {
      ...{ template, steps, diskMiB, cpus: Math.min(cpus, quota.cpus), network: wanted.network },
      ...{ env: wanted.env ?? {}, files: wanted.files, stopOnFailure: wanted.stopOnFailure },
      cases: wanted.cases?.map((one) => ({ ...one, stdin: base64(one.stdin) })) ?? null,
      artifacts: wanted.artifacts ?? [],
      ...(judge && { judge }),
    },
  }
}

/** @throws ApiError `template_unavailable` */
function assertTemplate(name: string, templates: readonly Template[]): void {
  const found = templates.find((one) => one.name === name)
  if (found === undefined) {
    const there = templates.map((one) => one.name).join(', ') || 'none yet'
    throw new ApiError('template_unavailable', `template ${name} not found; available: ${there}`)
  }
  if (found.image !== null) {
    throw new ApiError(
      'template_unavailable',
      `${name} is an imported image, and runs need a template that is built from a recipe`,
    )
  }
}

function planJudge(
  wanted: NonNullable<CreateRun['judge']>,
  of: { template: string; last: RuntimeRun['steps'][number]; diskMiB: number },
  templates: readonly Template[],
  quota: Quota,
  whose: string,
): RuntimeJudge {
  const { mode, files, command, compile, network, report, env = {}, template = of.template } = wanted
  assertTemplate(template, templates)
  const { diskMiB, ...limits } = withinQuota(judgeLimits(wanted, of.last), quota, whose)
  assertStartable({ name: 'judge', command, compile: false }, env)
  if (compile !== undefined) assertStartable({ name: 'judge', command: compile, compile: true }, env)
  const judge = {
    ...{ mode, files, command, network, template, env, diskMiB, limits },
    compileLimits: compileLimitsWithin(quota),
    ...(compile !== undefined && { compile }),
    ...(report && { report }),
  }
  assertBothFit(judge, of.last, of.diskMiB, quota, whose)
  return judge
}

function compileLimitsWithin(quota: Quota): StepLimits {
  const { memoryMiB, pids } = compileLimits
  return {
    ...compileLimits,
    memoryMiB: Math.min(memoryMiB, quota.memoryMiB),
    pids: Math.min(pids, quota.pids),
  }
}

interface Step {
  readonly name: string
  readonly command: RuntimeRun['steps'][number]['command']
  readonly compile: boolean
  readonly stdin?: string | undefined
  readonly env?: Record<string, string> | undefined
  readonly limits?: object | undefined
  readonly report?: RunReport | undefined
}

function stepsOf(wanted: CreateRun, language: Language | undefined, quota: Quota): Step[] {
  const [program] = wanted.files
  if (language !== undefined && program !== undefined) {
    const limits = compileLimitsWithin(quota)
    const { compile, run } = commandsOf(language, program.path, {
      files: wanted.files.map(({ path }) => path),
      memoryMiB: { compile: limits.memoryMiB, run: wanted.limits?.memoryMiB ?? defaultRunLimits.memoryMiB },
      cpus: Math.min(cpus, quota.cpus),
    })
    return [
      ...(compile === null ? [] : [{ name: 'compile', command: [...compile], compile: true, limits }]),
      { name: 'run', command: [...run], compile: false },
    ]
  }
  if (wanted.command !== undefined) return [{ name: 'run', command: wanted.command, compile: false }]
  return (wanted.steps ?? []).map((step, at) => {
    const name = step.name ?? `step ${at + 1}`
    const { command, stdin, env, report } = step
    return { name, command, stdin, env, report, limits: step.limits, compile: name === 'compile' }
  })
}

/** The kernel's limit for one argument or variable, with the NUL at its end. @see execve(2) */
const argumentBytesMax = 131_072
/** The kernel allows a quarter of the stack limit, which is 1 MiB with the least memory that a step may have. */
const argumentsBytesMax = 960 * 1024

/**
 * Refuses what the kernel or the shell would refuse inside, in words that nobody can read.
 * @throws ApiError `invalid_request`
 */
function assertStartable({ name, command, env }: Step, runEnv: Step['env'] = {}): void {
  const words = typeof command === 'string' ? ['/bin/sh', '-c', command] : command
  const variables = Object.entries({ ...runEnv, ...env })
  const sizes = words.map((word) => Buffer.byteLength(word) + 1)
  const largest = Math.max(...sizes)
  if (largest > argumentBytesMax) {
    throw new ApiError(
      'invalid_request',
      `step ${name}: an argument of its command has ${largest - 1} bytes; Linux allows ${argumentBytesMax - 1}. Pass it by stdin or a file`,
    )
  }
  const pointerBytes = 8
  const total =
    sizes.reduce((sum, size) => sum + size + pointerBytes, 0) +
    variables.reduce((sum, [key, value]) => sum + Buffer.byteLength(`${key}=${value}`) + 1 + pointerBytes, 0)
  if (total > argumentsBytesMax) {
    throw new ApiError(
      'invalid_request',
      `step ${name}: arguments and environment take ${total} bytes together; at most ${argumentsBytesMax} are allowed. Pass them by stdin or a file`,
    )
  }
  const index = { ...runEnv, ...env }.OPTIND
  if (typeof command === 'string' && index !== undefined && !/^[0-9]{1,9}$/.test(index)) {
    throw new ApiError(
      'invalid_request',
      `step ${name}: the shell does not start with OPTIND=${JSON.stringify(index)}; it must be a number, or the command a list`,
    )
  }
}

/** A command line for the shell gets them as `$1` and so on. */
function withArguments(command: string | string[], args: readonly string[]): string | string[] {
  if (args.length === 0) return command
  if (typeof command !== 'string') return [...command, ...args]
  return ['/bin/sh', '-c', command, 'sh', ...args]
}

function find(wanted: string, templates: readonly Template[]): Language {
  const [name = '', version] = wanted.split('@')
  const all = languagesOf(templates)
  const named = all.filter((one) => one.name === name || one.aliases.includes(name))
  const fits = named.find(
    (one) => version === undefined || one.version === version || one.version.startsWith(`${version}.`),
  )
  if (fits !== undefined) return fits
  const there = (named.length > 0 ? named : all).map((one) => `${one.name}@${one.version}`).join(', ')
  throw new ApiError('invalid_request', `language ${wanted} not found; available: ${there || 'none yet'}`)
}

/** @throws ApiError `quota_exceeded` */
function withinQuota<T extends StepLimits | RunLimits>(limits: T, quota: Quota, whose: string): T {
  const wanted: Partial<RunLimits> = limits
  for (const part of ['memoryMiB', 'pids', 'diskMiB'] as const) {
    const asked = wanted[part]
    if (asked !== undefined && asked > quota[part]) {
      throw new ApiError(
        'quota_exceeded',
        `the run requests ${asked} of ${part}, more than ${whose}: ${quota[part]}`,
      )
    }
  }
  return limits
}
