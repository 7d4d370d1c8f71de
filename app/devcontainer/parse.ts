import { type ParseError, parse, printParseErrorCode } from 'jsonc-parser'
import { z } from 'zod'
import '../lib/jitless'
import type { EditorSettings } from '../editor/settings'
import { TextError } from '../lib/text-error'

/** A file of this size is read; one that is larger is none that a person wrote. */
export const devcontainerBytesMax = 128 * 1024
const commandsMax = 50
const portsMax = 50
const variablesMax = 200

/** Why something is not done as it says. */
export type Reason =
  | 'image'
  | 'host'
  | 'order'
  | 'once'
  | 'user'
  | 'folder'
  | 'extension'
  | 'setting'
  | 'otherHost'
  | 'localEnv'
  | 'wrongType'
  | 'unknown'

export interface Unsupported {
  /** Where it stands, such as `customizations.vscode.extensions`. */
  readonly key: string
  readonly reason: Reason
}

export interface Command {
  readonly key: string
  /** For a shell. */
  readonly script: string
}

export interface ForwardedPort {
  readonly port: number
  readonly label: string | null
}

/** What a `devcontainer.json` asks for, of what can be done here. @see https://containers.dev/implementors/json_reference */
export interface Devcontainer {
  readonly name: string | null
  /** In the order in which they run. */
  readonly commands: readonly Command[]
  /** For a shell: `${…}` in it is expanded there. null takes a variable away. */
  readonly env: ReadonlyMap<string, string | null>
  readonly ports: readonly ForwardedPort[]
  readonly editor: EditorSettings
  readonly openFiles: readonly string[]
  readonly unsupported: readonly Unsupported[]
}

const lifecycle = [
  ...(['onCreateCommand', 'updateContentCommand', 'postCreateCommand', 'postStartCommand'] as const),
  'postAttachCommand',
] as const
const atEachStart: ReadonlySet<string> = new Set(['postStartCommand', 'postAttachCommand'])
const ofImages = new Set([
  ...['image', 'build', 'dockerFile', 'dockerfile', 'context', 'dockerComposeFile', 'service', 'runServices'],
  ...['features', 'overrideFeatureInstallOrder', 'runArgs', 'mounts', 'privileged', 'capAdd', 'securityOpt'],
  ...['init', 'overrideCommand', 'appPort', 'shutdownAction', 'secrets'],
])
const ofHosts = new Set(['initializeCommand', 'hostRequirements', 'userEnvProbe', 'updateRemoteUserUID'])
const folders = new Set(['workspaceFolder', 'workspaceMount'])
const ignored = new Set(['name', '$schema'])

const oneCommand = z.union([z.string().max(16_384), z.array(z.string().max(4096)).min(1).max(200)])
const command = z.union([oneCommand, z.record(z.string(), oneCommand)])
const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/
const object = z.record(z.string(), z.unknown())
type Settings = { -readonly [K in keyof EditorSettings]: EditorSettings[K] }
type Not = (key: string, reason: Reason) => void

export const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`

/**
 * Reads a `devcontainer.json`, which may have comments and commas at the end. What is wrong in one place is listed and does not
 * take the rest away.
 * @throws TextError when it is not JSON, too large, or no object
 */
export function parseDevcontainer(text: string): Devcontainer {
  const whole = read(text)
  const unsupported: Unsupported[] = []
  const not: Not = (key, reason) => void unsupported.push({ key, reason })
  const commands: Command[] = []
  const env = new Map<string, string | null>()
  const labels = new Map<number, string>()
  const ports: number[] = []
  const settings: Settings = {}
  const openFiles: string[] = []

  for (const key of lifecycle) {
    if (whole[key] === undefined || whole[key] === null) continue
    const { data } = command.safeParse(whole[key])
    if (data === undefined) not(key, 'wrongType')
    else {
      const parts = typeof data === 'string' || Array.isArray(data) ? [data] : Object.values(data)
      for (const part of parts) {
        const script = typeof part === 'string' ? `/bin/sh -c ${quoted(part)}` : part.map(quoted).join(' ')
        if (commands.length < commandsMax) commands.push({ key, script })
      }
      if (atEachStart.has(key)) not(key, 'once')
    }
  }
  for (const key of ['containerEnv', 'remoteEnv']) {
    if (whole[key] === undefined) continue
    const { data } = object.safeParse(whole[key])
    if (data === undefined) not(key, 'wrongType')
    for (const [name, value] of Object.entries(data ?? {})) {
      const fits =
        value === null || (typeof value === 'string' && value.length <= 8192 && !value.includes('\0'))
      if (!variableName.test(name) || !fits || env.size >= variablesMax) not(`${key}.${name}`, 'wrongType')
      else {
        if (typeof value === 'string' && value.includes('${localEnv:')) not(`${key}.${name}`, 'localEnv')
        env.set(name, typeof value === 'string' ? value : null)
      }
    }
  }
  if (whole.portsAttributes !== undefined) {
    const { data } = object.safeParse(whole.portsAttributes)
    if (data === undefined) not('portsAttributes', 'wrongType')
    for (const [name, value] of Object.entries(data ?? {})) {
      const key = `portsAttributes.${name}`
      const attributes = object.safeParse(value).data
      const port = portOf(name)
      if (attributes === undefined) not(key, 'wrongType')
      else if (port === null) not(key, 'unknown')
      for (const [attribute, wanted] of Object.entries(attributes ?? {})) {
        if (attribute !== 'label') not(`${key}.${attribute}`, 'unknown')
        else if (port !== null && typeof wanted === 'string') labels.set(port, wanted.slice(0, 64))
      }
    }
  }
  if (whole.forwardPorts !== undefined) {
    const { data } = z.array(z.unknown()).safeParse(whole.forwardPorts)
    if (data === undefined) not('forwardPorts', 'wrongType')
    for (const wanted of (data ?? []).slice(0, portsMax)) {
      const port = portOf(wanted)
      if (port !== null) ports.push(port)
      else
        not(
          `forwardPorts: ${String(JSON.stringify(wanted)).slice(0, 60)}`,
          typeof wanted === 'string' ? 'otherHost' : 'wrongType',
        )
    }
  }
  readCustomizations(whole.customizations, settings, openFiles, not)

  const done = new Set<string>([...lifecycle, 'containerEnv', 'remoteEnv', 'portsAttributes', 'forwardPorts'])
  for (const key of Object.keys(whole).slice(0, 200)) {
    if (done.has(key) || ignored.has(key) || key === 'customizations') continue
    if (key === 'remoteUser' || key === 'containerUser') {
      if (whole[key] !== 'user') not(key, 'user')
    } else if (ofImages.has(key)) not(key, 'image')
    else if (ofHosts.has(key)) not(key, 'host')
    else if (folders.has(key)) not(key, 'folder')
    else not(key, key === 'waitFor' ? 'order' : 'unknown')
  }
  return {
    name: typeof whole.name === 'string' ? whole.name.slice(0, 100) : null,
    ...{ commands, env, openFiles, unsupported, editor: settings },
    ports: [...new Set([...ports, ...labels.keys()])].map((port) => ({
      port,
      label: labels.get(port) ?? null,
    })),
  }
}

function read(text: string): Record<string, unknown> {
  if (text.length > devcontainerBytesMax) throw new TextError('devcontainer.tooLarge')
  const errors: ParseError[] = []
  let value: unknown
  try {
    value = parse(text, errors, { allowTrailingComma: true })
  } catch (error) {
    // The parser calls itself for each level.
    throw new TextError('devcontainer.tooDeep', {}, { cause: error })
  }
  const [first] = errors
  if (first !== undefined) {
    const line = text.slice(0, first.offset).split('\n').length
    throw new TextError('devcontainer.notJson', {
      line: String(line),
      problem: printParseErrorCode(first.error),
    })
  }
  const whole = object.safeParse(value)
  if (!whole.success) throw new TextError('devcontainer.noObject')
  return whole.data
}

function portOf(value: unknown): number | null {
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value : ''
  const port = /^(?:localhost:|127\.0\.0\.1:)?(\d{1,5})$/.exec(text)?.[1]
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65_535 ? Number(port) : null
}

function readCustomizations(value: unknown, settings: Settings, openFiles: string[], not: Not): void {
  if (value === undefined) return
  const tools = object.safeParse(value).data
  if (tools === undefined) not('customizations', 'wrongType')
  for (const [tool, wanted] of Object.entries(tools ?? {})) {
    const parts = object.safeParse(wanted).data
    if (parts === undefined) not(`customizations.${tool}`, 'wrongType')
    for (const [part, content] of Object.entries(parts ?? {})) {
      const key = `customizations.${tool}.${part}`
      if (tool === 'vscode' && part === 'settings') readSettings(key, content, settings, not)
      else if (tool === 'vscode' && part === 'extensions') not(key, 'extension')
      else if (tool === 'codespaces' && part === 'openFiles') {
        const files = z.array(z.string().min(1).max(1024)).max(10).safeParse(content)
        if (files.success) openFiles.push(...files.data)
        else not(key, 'wrongType')
      } else not(key, 'unknown')
    }
  }
}

function readSettings(at: string, value: unknown, settings: Settings, not: Not): void {
  const all = object.safeParse(value).data
  if (all === undefined) not(at, 'wrongType')
  for (const [name, wanted] of Object.entries(all ?? {})) {
    const key = `${at}.${name}`
    if (name === 'editor.tabSize') {
      const size = z.int().min(1).max(16).safeParse(wanted)
      if (size.success) settings.tabSize = size.data
      else not(key, 'wrongType')
    } else if (name === 'editor.insertSpaces') {
      if (typeof wanted === 'boolean') settings.insertSpaces = wanted
      else not(key, 'wrongType')
    } else if (name === 'editor.wordWrap') {
      if (wanted === 'on' || wanted === 'off') settings.wordWrap = wanted === 'on'
      else not(key, 'wrongType')
    } else not(key, 'setting')
  }
}
