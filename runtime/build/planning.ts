import { bounds } from './bounds.js'
import { assertVariables, StageConfig, shown } from './config.js'
import { type Instruction, parseDockerfile } from './dockerfile.js'
import { badBuild } from './error.js'
import type { BuiltConfig, Plan, PlannedStage, Step } from './plan.js'
import { copyStep, runStep } from './steps.js'
import { expand, wordsOf } from './words.js'

/** What a build is told from outside. */
export interface PlanRequest {
  readonly dockerfile: string
  readonly args: Readonly<Record<string, string>>
  readonly target?: string | undefined
  /** Ids of secrets that there are. */
  readonly secrets: ReadonlySet<string>
  /** The configuration of a template that may be built on; undefined when there is none of that name. */
  template(name: string): BuiltConfig | undefined
  readonly architecture: string
}

export const emptyConfig: BuiltConfig = {
  ...{ env: {}, user: null, workingDirectory: null, entrypoint: [], cmd: [], labels: {}, ports: [] },
  ...{
    stopSignal: 'SIGTERM',
    healthcheck: null,
    volumes: [],
    recipe: false,
    shell: ['/bin/sh', '-c'],
    args: {},
  },
}

const proxyNames = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap((name) => [
  name,
  name.toLowerCase(),
])

/**
 * Reads a Dockerfile to its end and says what is to be done for its target.
 * @throws RuntimeRefusal `invalid_request` for whatever is wrong or not supported, with the line
 */
export function planBuild(request: PlanRequest): Plan {
  return new Planner(request).plan()
}

class Planner {
  readonly #warnings: string[] = []
  readonly #stages: PlannedStage[] = []
  readonly #used = new Set<string>()
  readonly #automatic: ReadonlyMap<string, string>
  #globals = new Map<string, string>()
  #steps = 0
  #escape = '\\'

  constructor(private readonly request: PlanRequest) {
    const platform = `linux/${request.architecture}`
    this.#automatic = new Map([
      ...(['TARGET', 'BUILD'] as const).flatMap((of): [string, string][] => [
        [`${of}PLATFORM`, platform],
        [`${of}OS`, 'linux'],
        [`${of}ARCH`, request.architecture],
        [`${of}VARIANT`, ''],
      ]),
      ['TARGETSTAGE', request.target ?? 'default'],
    ])
  }

  plan(): Plan {
    const { instructions, escapeCharacter } = parseDockerfile(this.request.dockerfile)
    this.#escape = escapeCharacter
    for (const { from, rest } of this.#split(instructions)) this.#stage(from, rest)
    if (this.#stages.length === 0) throw badBuild('the Dockerfile has no FROM')
    const target = this.#target()
    const needed = this.#needed(target)
    const steps = needed.reduce((sum, stage) => sum + stage.steps.length, 0)
    if (steps > bounds.steps) throw badBuild(`the Dockerfile has more than ${bounds.steps} steps`)
    const unused = Object.keys(this.request.args).filter(
      (name) => !this.#used.has(name) && !proxyNames.includes(name),
    )
    if (unused.length > 0)
      this.#warnings.push(`build arguments that no ARG names: ${unused.slice(0, 20).join(', ')}`)
    return { stages: needed, target: target.index, warnings: this.#warnings }
  }

  /** Stages as they are written, and arguments before the first. */
  #split(instructions: readonly Instruction[]): { from: Instruction; rest: Instruction[] }[] {
    const stages: { from: Instruction; rest: Instruction[] }[] = []
    for (const instruction of instructions) {
      const { keyword, line } = instruction
      if (keyword === 'FROM') {
        if (stages.length >= bounds.stages)
          throw badBuild(`there are more than ${bounds.stages} stages`, line)
        stages.push({ from: instruction, rest: [] })
        continue
      }
      const stage = stages.at(-1)
      if (stage !== undefined) stage.rest.push(instruction)
      else if (keyword === 'ARG') this.#globalArgument(instruction)
      else throw badBuild(`${shown(keyword)} stands before the first FROM`, line)
    }
    return stages
  }

  #globalArgument(instruction: Instruction): void {
    const variables = () => new Map([...this.#automatic, ...this.#globals])
    for (const { name, fallback } of argumentsIn(instruction, variables(), this.#escape)) {
      this.#used.add(name)
      const value = this.#given(name) ?? fallback
      if (value !== undefined) this.#globals.set(name, value)
    }
    assertVariables(instruction.line, this.#globals)
  }

  #stage(from: Instruction, rest: readonly Instruction[]): void {
    const index = this.#stages.length
    const { name, source, base } = this.#from(from, index)
    const config = new StageConfig(base, this.#escape)
    const steps: Step[] = []
    for (const instruction of rest) {
      const made = [this.#instruction(instruction, config, index) ?? []].flat()
      this.#steps += made.length
      if (this.#steps > bounds.stepsInAll)
        throw badBuild(`the Dockerfile has more than ${bounds.stepsInAll} steps`, instruction.line)
      steps.push(...made)
    }
    this.#stages.push({ index, name, line: from.line, from: source, steps, config: config.built() })
  }

  #from(instruction: Instruction, index: number) {
    const { line } = instruction
    const variables = new Map([...this.#automatic, ...this.#globals])
    for (const { name, value } of instruction.flags) {
      const platform = expand(value, variables, this.#escape, line)
      if (name !== 'platform') throw badBuild(`FROM has no option --${name}`, line)
      if (platform !== `linux/${this.request.architecture}`)
        throw badBuild(`this machine is linux/${this.request.architecture}, and not ${shown(platform)}`, line)
    }
    const [image = '', as, alias, ...more] = wordsOf(instruction.text, variables, this.#escape, line)
    if (
      image === '' ||
      more.length > 0 ||
      (as !== undefined && (as.toLowerCase() !== 'as' || alias === undefined))
    )
      throw badBuild('FROM takes a template or a stage, and perhaps AS with a name', line)
    const name = alias?.toLowerCase() ?? String(index)
    if (!/^[a-z0-9][a-z0-9_.-]{0,63}$/.test(name) || (alias !== undefined && /^\d+$/.test(name)))
      throw badBuild(`${shown(alias ?? '')} is no name for a stage`, line)
    if (this.#stages.some((stage) => stage.name === name))
      throw badBuild(`there are two stages ${name}`, line)
    const stage = this.#stages.find((one) => one.name === image.toLowerCase() && !/^\d+$/.test(one.name))
    if (stage !== undefined)
      return { name, source: { kind: 'stage' as const, stage: stage.index }, base: stage.config }
    if (image === 'scratch') return { name, source: { kind: 'scratch' as const }, base: emptyConfig }
    const template = this.#template(image, line)
    return { name, source: { kind: 'template' as const, name: template.name }, base: template.config }
  }

  /** A template by its name; its only tag is the latest. */
  #template(stated: string, line: number): { name: string; config: BuiltConfig } {
    const name = stated.replace(/:latest$/, '')
    const config = this.request.template(name)
    if (config !== undefined) return { name, config }
    const more = /[/:@.]/.test(name) ? '. Images of registries are imported as templates first' : ''
    throw badBuild(`there is no template ${shown(name)} that this build may use${more}`, line)
  }

  #instruction(
    instruction: Instruction,
    config: StageConfig,
    index: number,
  ): Step | readonly Step[] | undefined {
    const { keyword, line, flags, text } = instruction
    if (!['RUN', 'COPY', 'ADD', 'HEALTHCHECK'].includes(keyword) && flags.length > 0)
      throw badBuild(`${keyword} has no option --${flags[0]?.name}`, line)
    if (text === '' && instruction.heredocs.length === 0) throw badBuild(`${keyword} needs an argument`, line)
    if (config.apply(instruction)) return undefined
    switch (keyword) {
      case 'ARG':
        this.#argument(instruction, config)
        return undefined
      case 'RUN':
        return runStep(instruction, config, this.#proxies(), this.request.secrets)
      case 'COPY':
      case 'ADD':
        return copyStep(instruction, config, (from) => this.#copySource(from, index, line))
      case 'WORKDIR': {
        const path = config.resolve(config.one(text, line), line)
        config.workingDirectory = path
        return { kind: 'workdir', line, text: `WORKDIR ${path}`, path }
      }
      case 'VOLUME':
        // There is no other disk: a directory is made where there is none, as Docker does, and what it has stays in it.
        return config
          .volumesOf(instruction)
          .map((path) => ({ kind: 'workdir' as const, line, text: `VOLUME ${path}`, path }))
      case 'ONBUILD':
        throw badBuild('ONBUILD is not supported', line)
      default:
        throw badBuild(`${shown(keyword)} is no instruction`, line)
    }
  }

  #argument(instruction: Instruction, config: StageConfig): void {
    for (const { name, fallback } of argumentsIn(instruction, config.variables, this.#escape)) {
      this.#used.add(name)
      const value = this.#given(name) ?? fallback ?? this.#globals.get(name) ?? this.#automatic.get(name)
      if (value !== undefined) config.args.set(name, value)
    }
    config.assertBounded(instruction.line)
  }

  /** The value of a build argument. */
  #given(name: string): string | undefined {
    return Object.hasOwn(this.request.args, name) ? this.request.args[name] : undefined
  }

  #proxies(): Record<string, string> {
    return Object.fromEntries(Object.entries(this.request.args).filter(([name]) => proxyNames.includes(name)))
  }

  #copySource(from: string, index: number, line: number) {
    const stages = this.#stages.slice(0, index)
    const stage =
      stages.find((one) => one.name === from.toLowerCase()) ?? stages[/^\d+$/.test(from) ? Number(from) : -1]
    if (stage !== undefined) return { kind: 'stage' as const, stage: stage.index }
    if (/^\d+$/.test(from)) throw badBuild(`there is no stage ${from} before this one`, line)
    return { kind: 'template' as const, name: this.#template(from, line).name }
  }

  #target(): PlannedStage {
    const { target } = this.request
    const last = this.#stages.at(-1)
    const found =
      target === undefined
        ? last
        : (this.#stages.find((stage) => stage.name === target.toLowerCase()) ??
          this.#stages[/^\d+$/.test(target) ? Number(target) : -1])
    if (found === undefined) throw badBuild(`the Dockerfile has no stage ${shown(target ?? '')}`)
    return found
  }

  /** The target and what it is made of; others are not built. */
  #needed(target: PlannedStage): PlannedStage[] {
    const needed = new Set<number>([target.index])
    for (const stage of this.#stages.toReversed()) {
      if (!needed.has(stage.index)) continue
      if (stage.from.kind === 'stage') needed.add(stage.from.stage)
      for (const step of stage.steps)
        if (step.kind === 'copy' && step.from.kind === 'stage') needed.add(step.from.stage)
    }
    return this.#stages.filter((stage) => needed.has(stage.index))
  }
}

function argumentsIn(
  instruction: Instruction,
  variables: ReadonlyMap<string, string>,
  escapeCharacter: string,
) {
  return wordsOf(instruction.text, variables, escapeCharacter, instruction.line).map((word) => {
    const at = word.indexOf('=')
    const name = at < 0 ? word : word.slice(0, at)
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name))
      throw badBuild(`${shown(name)} is no name of an argument`, instruction.line)
    return { name, fallback: at < 0 ? undefined : word.slice(at + 1) }
  })
}
