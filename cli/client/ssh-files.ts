import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { SshServer } from '../../sdk/index.js'
import { Failure } from '../command.js'

const run = promisify(execFile)

/** A key without a passphrase: it is good for minutes, or for nobody but who is logged in here. @returns its public half */
export async function makeKey(file: string): Promise<string> {
  try {
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'cloche', '-f', file])
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') throw noClient()
    throw error
  }
  return readFileSync(`${file}.pub`, 'utf8').trim()
}

export const noClient = () =>
  new Failure('there is no ssh on this machine. On Debian or Ubuntu: apt-get install openssh-client')

/** As known_hosts names it. */
const hostOf = ({ host, port }: SshServer): string => (port === 22 ? host : `[${host}]:${port}`)

/** Writes the line by which OpenSSH knows the server; others of the file stay. */
export function writeKnownHost(file: string, server: SshServer): void {
  if (server.hostKey === null) return
  const name = hostOf(server)
  const others = linesOf(file).filter((line) => line.split(' ')[0] !== name)
  writeWhole(file, [...others, `${name} ${server.hostKey}`])
}

/** What OpenSSH needs of whoever connects to the server. Without a host key it asks, as ever. */
export const hostOptions = (server: SshServer, knownHosts: string): [string, string][] =>
  server.hostKey === null
    ? []
    : [
        ['UserKnownHostsFile', knownHosts],
        ['StrictHostKeyChecking', 'yes'],
      ]

const linesOf = (file: string): string[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : []

function writeWhole(file: string, lines: readonly string[]): void {
  writeFileSync(`${file}.new`, `${lines.join('\n')}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/** An entry of a configuration, between two lines by which it is found again. */
export interface Entry {
  readonly name: string
  readonly lines: readonly string[]
}

const beginOf = (name: string) => `# cloche ${name}`
const end = '# end of cloche'

/** Replaces the entry of this name, or adds it. */
export function writeEntry(directory: string, { name, lines }: Entry): void {
  const file = join(directory, 'config')
  const before = linesOf(file)
  const at = before.indexOf(beginOf(name))
  const after = at < 0 ? -1 : before.indexOf(end, at)
  const others =
    at < 0 ? before : [...before.slice(0, at), ...before.slice(after < 0 ? before.length : after + 1)]
  writeWhole(file, [...others, beginOf(name), ...lines, end])
}

/** Has OpenSSH read the configuration of this command, before its own: what is said first counts. */
export function includeIn(config: string, included: string): void {
  const line = `Include "${included}"`
  const before = existsSync(config) ? readFileSync(config, 'utf8') : ''
  if (before.split('\n').includes(line)) return
  mkdirSync(join(config, '..'), { recursive: true, mode: 0o700 })
  writeFileSync(`${config}.cloche`, `${line}\n${before === '' ? '' : `\n${before}`}`, { mode: 0o600 })
  renameSync(`${config}.cloche`, config)
}
