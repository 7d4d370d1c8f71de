import type { PortShare } from '../../sdk/index.js'
import { type Command, Failure, UsageError } from '../command.js'
import { clientCommand } from './client-command.js'
import { findSandbox, sandboxWords } from './find.js'
import { openInBrowser } from './open-browser.js'
import { printJson, printTable } from './output.js'
import { secondsOf } from './quantity.js'

const group = 'Ports'

const list = clientCommand({
  ...{ name: 'port ls', group, operands: 'SANDBOX' },
  summary: 'List the ports at which programs of a sandbox listen, and those that are shared',
  completes: sandboxWords,
  async run({ cloche, words, json }) {
    const ports = await (await findSandbox(cloche, words[0])).ports.list()
    const rows = ports.map(({ port, process, address, visibility, expiresAt, url }) => [
      ...[String(port), process ?? '', address ?? ''],
      ...[expiresAt === null ? visibility : `${visibility} until ${expiresAt}`, url ?? ''],
    ])
    if (json) printJson(ports)
    else printTable(['PORT', 'PROCESS', 'ADDRESS', 'VISIBILITY', 'URL'], rows)
    return 0
  },
})

const open = clientCommand({
  ...{ name: 'port open', group, operands: 'SANDBOX PORT' },
  summary: 'Print the address of a port, and open it in the browser',
  completes: sandboxWords,
  async run({ cloche, words, json }) {
    const port = portOf(words[1])
    const ports = await (await findSandbox(cloche, words[0])).ports.list()
    const found = ports.find((one) => one.port === port)
    if (found === undefined) throw new Failure(`nothing listens on port ${port} of the sandbox`)
    show(found, json)
    if (!json && found.url !== null) await openInBrowser(found.url)
    return 0
  },
})

const share = clientCommand({
  ...{ name: 'port share', group, operands: 'SANDBOX PORT' },
  summary: 'Let anybody open a port in a browser, and print its address',
  details: 'Until --for is over, or until cloche port unshare.',
  flags: {
    for: { type: 'string', value: 'TIME', help: 'private again after this time, such as 30m or 8h' },
    tenant: { type: 'boolean', help: 'let members of the tenant open it, and nobody else' },
  },
  completes: sandboxWords,
  async run({ cloche, words, text, has, json }) {
    const seconds = secondsOf('for', text('for'))
    const expiresAt = seconds === undefined ? {} : { expiresAt: new Date(Date.now() + seconds * 1000) }
    const visibility = has('tenant') ? 'tenant' : 'public'
    const { ports } = await findSandbox(cloche, words[0])
    show(await ports.share(portOf(words[1]), { visibility, ...expiresAt }), json)
    return 0
  },
})

const unshare = clientCommand({
  ...{ name: 'port unshare', group, operands: 'SANDBOX PORT' },
  summary: 'Make a port private again, and cut off whoever has it open',
  completes: sandboxWords,
  async run({ cloche, words, json }) {
    const { ports } = await findSandbox(cloche, words[0])
    const shared = await ports.unshare(portOf(words[1]))
    if (json) printJson(shared)
    return 0
  },
})

function portOf(word: string | undefined): number {
  const port = Number(word)
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port
  throw new UsageError('specify a port, a number from 1 to 65535; cloche port ls lists them')
}

function show(port: PortShare, json: boolean): void {
  if (json) printJson(port)
  else if (port.url !== null) console.log(port.url)
  else console.error('cloche: this installation has no domain for previews; programs send headers instead')
}

export const portCommands: readonly Command[] = [list, open, share, unshare]
