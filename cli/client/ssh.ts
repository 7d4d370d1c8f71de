import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { constants, homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cloche, SshServer } from '../../sdk/index.js'
import { type Command, Failure } from '../command.js'
import { clientCommand } from './client-command.js'
import { notTheProgram } from './exit-code.js'
import { findSandbox, sandboxWords } from './find.js'
import { printJson } from './output.js'
import { hostOptions, includeIn, makeKey, noClient, writeEntry, writeKnownHost } from './ssh-files.js'

const group = 'Sandboxes'
/** What a line of a configuration takes as a name. */
const plainName = /^[\w.-]+$/

/** @throws Failure while SSH is off */
async function serverOf(cloche: Cloche): Promise<SshServer> {
  const server = await cloche.sshServer()
  if (server !== null) return server
  throw new Failure('SSH is off at this installation; its operator sets CLOCHE_SSH_PORT')
}

const ssh = clientCommand({
  ...{ name: 'ssh', group, operands: 'SANDBOX [COMMAND…]' },
  summary: 'Connect to a sandbox with ssh: a login shell, or COMMAND',
  details:
    'With a key that is made for this connection and let in for five minutes, so none is kept anywhere. The exit code is\n' +
    'that of ssh. To use ssh, scp, rsync or an editor by itself: cloche ssh config.',
  flags: {
    forward: {
      ...{ type: 'string', short: 'L', multiple: true, value: 'PORT:HOST:PORT' },
      help: 'forward a port of this machine into the sandbox; can be given more than once',
    },
    socks: {
      type: 'string',
      short: 'D',
      value: 'PORT',
      help: 'a SOCKS proxy whose connections begin in the sandbox',
    },
    option: {
      ...{ type: 'string', short: 'o', multiple: true, value: 'OPTION' },
      help: 'an option of ssh, such as ServerAliveInterval=30',
    },
    idle: { type: 'boolean', short: 'N', help: 'run nothing; forward ports only' },
  },
  takes: 1,
  failureCode: notTheProgram,
  completes: sandboxWords,
  async run({ cloche, words, rest, text, texts, has }) {
    const [sandbox, server] = [await findSandbox(cloche, words[0]), await serverOf(cloche)]
    const directory = mkdtempSync(join(tmpdir(), 'cloche-ssh-'))
    try {
      const [key, knownHosts] = [join(directory, 'key'), join(directory, 'known_hosts')]
      const { user } = await sandbox.sshAccess(await makeKey(key))
      writeKnownHost(knownHosts, server)
      const socks = text('socks')
      const options = hostOptions(server, knownHosts).map(([name, value]) => `${name}=${value}`)
      return await perform('ssh', [
        ...['-i', key, '-p', String(server.port)],
        ...['IdentitiesOnly=yes', ...options, ...texts('option')].flatMap((one) => ['-o', one]),
        ...texts('forward').flatMap((one) => ['-L', one]),
        ...(socks === undefined ? [] : ['-D', socks]),
        ...(has('idle') ? ['-N'] : []),
        ...[`${user}@${server.host}`, '--', ...rest],
      ])
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  },
})

const config = clientCommand({
  ...{ name: 'ssh config', group, operands: 'SANDBOX…' },
  summary: 'Write an entry for ssh, so that ssh NAME.cloche connects to a sandbox',
  details:
    'For ssh, scp, sftp, rsync and every editor that connects by ssh. The entry is written to ~/.ssh/cloche/config, which\n' +
    '~/.ssh/config then includes. The key beside it is let in for five minutes whenever ssh connects, by cloche ssh allow.',
  flags: { print: { type: 'boolean', help: 'print the entry, and write nothing' } },
  completes: sandboxWords,
  async run({ cloche, words, has, json }) {
    const server = await serverOf(cloche)
    const directory = join(homedir(), '.ssh', 'cloche')
    const [key, knownHosts] = [join(directory, 'id_ed25519'), join(directory, 'known_hosts')]
    const hosts: string[] = []
    for (const word of words.length === 0 ? [undefined] : words) {
      const { id } = await findSandbox(cloche, word)
      const host = `${word !== undefined && plainName.test(word) ? word : id}.cloche`
      const options = [
        ...[
          ['HostName', server.host],
          ['Port', String(server.port)],
          ['User', id],
        ],
        ...[
          ['IdentityFile', `"${key}"`],
          ['IdentitiesOnly', 'yes'],
        ],
        ...hostOptions(server, `"${knownHosts}"`),
      ]
      const lines = [
        ...[`Match originalhost ${host} exec "cloche ssh allow ${id}"`, `Host ${host}`],
        ...options.map(([name, value]) => `  ${name} ${value}`),
      ]
      hosts.push(host)
      if (has('print')) {
        console.log(lines.join('\n'))
        continue
      }
      mkdirSync(directory, { recursive: true, mode: 0o700 })
      if (!existsSync(key)) await makeKey(key)
      writeKnownHost(knownHosts, server)
      writeEntry(directory, { name: host, lines })
    }
    if (has('print')) return 0
    includeIn(join(homedir(), '.ssh', 'config'), join(directory, 'config'))
    if (json) printJson({ hosts })
    else for (const host of hosts) console.log(`ssh ${host}`)
    return 0
  },
})

const allow = clientCommand({
  ...{ name: 'ssh allow', group, operands: 'SANDBOX' },
  summary: 'Let the key of cloche ssh config in to a sandbox for five minutes',
  completes: sandboxWords,
  async run({ cloche, words, json }) {
    const file = join(homedir(), '.ssh', 'cloche', 'id_ed25519.pub')
    if (!existsSync(file)) throw new Failure(`there is no ${file}; cloche ssh config makes it`)
    const sandbox = await findSandbox(cloche, words[0])
    const { expiresAt } = await sandbox.sshAccess(readFileSync(file, 'utf8').trim())
    if (json) printJson({ expiresAt })
    return 0
  },
})

/** Runs a program in the place of this one. @returns its exit code, as a shell says it */
function perform(program: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit' })
    // What is typed is for the program.
    const ignore = () => {}
    process.on('SIGINT', ignore).on('SIGQUIT', ignore)
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? noClient() : error),
    )
    child.once('exit', (code, signal) => {
      process.off('SIGINT', ignore).off('SIGQUIT', ignore)
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]))
    })
  })
}

export const sshCommands: readonly Command[] = [ssh, config, allow]
