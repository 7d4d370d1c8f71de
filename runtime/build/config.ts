import { posix } from 'node:path'
import type { Healthcheck } from '../../protocol/api/index.js'
import { bounds as imageBounds } from '../image/bounds.js'
import { signalOf } from '../image/config.js'
import { bounds } from './bounds.js'
import type { Instruction } from './dockerfile.js'
import { badBuild } from './error.js'
import { healthcheckIn } from './healthcheck.js'
import type { BuiltConfig, StatedUser } from './plan.js'
import { expand, wordsOf } from './words.js'

/** NAME_MAX and PATH_MAX of the kernel. */
const [nameBytes, pathBytes] = [255, 4096]

/** A configuration that instructions change one after the other. */
export class StageConfig {
  readonly env: Map<string, string>
  readonly args: Map<string, string>
  readonly labels: Map<string, string>
  readonly ports: Set<string>
  readonly volumes: Set<string>
  user: StatedUser | null
  workingDirectory: string | null
  shell: readonly string[]
  #entrypoint: readonly string[]
  #cmd: readonly string[]
  #hasCmd = false
  #stopSignal: string
  #healthcheck: Healthcheck | null
  #expandedBytes = 0
  readonly #recipe: boolean

  constructor(
    base: BuiltConfig,
    private readonly escapeCharacter: string,
  ) {
    this.#recipe = base.recipe
    this.shell = base.shell
    this.args = new Map(Object.entries(base.args))
    this.env = new Map(Object.entries(base.env))
    this.labels = new Map(Object.entries(base.labels))
    this.ports = new Set(base.ports)
    this.volumes = new Set(base.volumes)
    this.user = base.user
    this.workingDirectory = base.workingDirectory
    this.#entrypoint = base.entrypoint
    this.#cmd = base.cmd
    this.#stopSignal = base.stopSignal
    this.#healthcheck = base.healthcheck
  }

  /** Values of variables here: of two with one name the environment's counts. */
  get variables(): ReadonlyMap<string, string> {
    return new Map([...this.args, ...this.env])
  }

  words(instruction: Pick<Instruction, 'text' | 'line'>): string[] {
    const words = wordsOf(instruction.text, this.variables, this.escapeCharacter, instruction.line)
    this.#expanded(words, instruction.line)
    return words
  }

  one(text: string, line: number): string {
    const word = expand(text, this.variables, this.escapeCharacter, line)
    this.#expanded([word], line)
    return word
  }

  /** A path as it is inside, from the working directory. */
  resolve(path: string, line: number): string {
    const full = posix.resolve(this.workingDirectory ?? '/', path)
    const isTooLong = full.split('/').some((step) => Buffer.byteLength(step) > nameBytes)
    if (isTooLong || Buffer.byteLength(full) >= pathBytes)
      throw badBuild(`the path ${shown(full)} is too long`, line)
    return full
  }

  /**
   * Takes in an instruction that changes no files.
   * @returns whether it is one
   */
  apply(instruction: Instruction): boolean {
    const { keyword, text, line } = instruction
    switch (keyword) {
      case 'ENV':
        for (const [name, value] of this.#pairs(instruction)) this.env.set(name, value)
        this.assertBounded(line)
        return true
      case 'LABEL':
        for (const [name, value] of this.#pairs(instruction)) this.labels.set(name, value)
        this.assertBounded(line)
        return true
      case 'MAINTAINER':
        this.labels.set('maintainer', text)
        this.assertBounded(line)
        return true
      case 'USER':
        this.user = { stated: this.#single(instruction) }
        return true
      case 'SHELL':
        this.shell = jsonWords(text) ?? []
        if (this.shell.length === 0) throw badBuild('SHELL takes a list such as ["/bin/sh", "-c"]', line)
        return true
      case 'CMD':
        this.#cmd = this.command(text)
        this.#hasCmd = true
        return true
      case 'ENTRYPOINT':
        this.#entrypoint = this.command(text)
        // What the template below would give it as arguments was meant for another program.
        if (!this.#hasCmd) this.#cmd = []
        return true
      case 'EXPOSE':
        for (const port of this.words(instruction)) {
          if (!/^\d{1,5}(-\d{1,5})?(\/(tcp|udp|sctp))?$/i.test(port))
            throw badBuild(`EXPOSE takes ports such as 8080 or 53/udp, not ${shown(port)}`, line)
          this.ports.add(port.includes('/') ? port.toLowerCase() : `${port}/tcp`)
        }
        return true
      case 'STOPSIGNAL':
        this.#stopSignal = stopSignal(this.#single(instruction), line)
        return true
      case 'HEALTHCHECK':
        this.#healthcheck = healthcheckIn(instruction, (words) => this.command(words))
        return true
      default:
        return false
    }
  }

  assertBounded(line: number): void {
    assertVariables(line, this.env, this.labels, this.args)
  }

  /** The directories that a `VOLUME` names. */
  volumesOf(instruction: Instruction): string[] {
    const { text, line } = instruction
    const stated = jsonWords(text) ?? this.words(instruction)
    const paths = stated.map((path) => this.resolve(path, line))
    for (const path of paths) this.volumes.add(path)
    if (this.volumes.size > imageBounds.volumes)
      throw badBuild(`there are more than ${imageBounds.volumes} volumes`, line)
    return paths
  }

  /** In the form of a list, or as words for the shell. */
  command(text: string): readonly string[] {
    return jsonWords(text) ?? [...this.shell, text]
  }

  built(): BuiltConfig {
    return {
      ...{ env: Object.fromEntries(this.env), user: this.user, workingDirectory: this.workingDirectory },
      ...{ entrypoint: this.#entrypoint, cmd: this.#cmd, labels: Object.fromEntries(this.labels) },
      ...{ ports: [...this.ports].slice(0, 256), stopSignal: this.#stopSignal, recipe: this.#recipe },
      ...{ healthcheck: this.#healthcheck, volumes: [...this.volumes].toSorted() },
      ...{ shell: this.shell, args: Object.fromEntries(this.args) },
    }
  }

  #pairs(instruction: Instruction): [string, string][] {
    const { keyword, text, line } = instruction
    const [, first = '', rest = ''] = /^(\S+)\s+([\s\S]*)$/.exec(text) ?? []
    // `ENV name value`, as it was written once.
    if (first !== '' && !first.includes('='))
      return [[this.#name(first, keyword, line), this.one(rest, line)]]
    return this.words(instruction).map((word) => {
      const at = word.indexOf('=')
      if (at <= 0) throw badBuild(`${keyword} takes name=value, not ${shown(word)}`, line)
      return [this.#name(word.slice(0, at), keyword, line), word.slice(at + 1)]
    })
  }

  #name(text: string, keyword: string, line: number): string {
    if (keyword === 'LABEL' || /^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(text)) return text
    throw badBuild(`${shown(text)} is no name of a variable`, line)
  }

  #single(instruction: Instruction): string {
    const [word, ...more] = this.words(instruction)
    if (word !== undefined && word !== '' && more.length === 0) return word
    throw badBuild(`${instruction.keyword} takes one argument`, instruction.line)
  }

  /** A short text may stand for a long one, again and again. */
  #expanded(words: readonly string[], line: number): void {
    for (const word of words) this.#expandedBytes += word.length
    if (this.#expandedBytes > bounds.expandedBytes)
      throw badBuild('the instructions of a stage are too long with the values of their variables', line)
  }
}

/** What a build keeps for as long as its template is there, and copies for each step. */
export function assertVariables(line: number, ...maps: readonly ReadonlyMap<string, string>[]): void {
  const all = maps.flatMap((map) => [...map])
  const bytes = all.reduce((sum, [name, value]) => sum + name.length + value.length, 0)
  if (all.length > bounds.variables || bytes > bounds.variableBytes)
    throw badBuild('there are too many variables and labels', line)
}

/** A list in JSON; undefined for anything else, which is meant for the shell. */
export function jsonWords(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined
  try {
    const parsed: unknown = JSON.parse(text)
    const isWords =
      Array.isArray(parsed) && parsed.every((word) => typeof word === 'string' && !word.includes('\0'))
    return isWords ? parsed.map(String) : undefined
  } catch {
    return undefined
  }
}

export const shown = (text: string) => JSON.stringify(text.slice(0, 80))

function stopSignal(stated: string, line: number): string {
  try {
    return signalOf(stated)
  } catch {
    throw badBuild(`${shown(stated)} is no signal`, line)
  }
}
