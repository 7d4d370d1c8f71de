import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import type { Cloche, TransferDescription, TransferEvent } from '../../sdk/index.js'
import { type Command, Failure, UsageError } from '../command.js'
import { archiveForm, saveArchive } from './archive.js'
import { clientCommand } from './client-command.js'
import { printJson, printTable, showAge, showBytes } from './output.js'

const group = 'Images'

/** Follows a transfer to its end; Ctrl-C cancels it. @returns the exit code */
async function follow(cloche: Cloche, { id }: TransferDescription, json: boolean): Promise<number> {
  const cancel = () => void cloche.images.cancel(id).catch(() => {}) // its end says so
  process.once('SIGINT', cancel)
  try {
    for await (const event of cloche.images.events(id)) {
      if (json) printJson(event)
      else show(event)
      if (event.type !== 'end') continue
      const { image, digest } = await cloche.images.transfer(id)
      if (!json && event.status === 'succeeded') console.log(`${image} ${digest}`)
      return event.status === 'succeeded' ? 0 : 1
    }
    throw new Failure('the connection ended before the transfer did')
  } finally {
    process.off('SIGINT', cancel)
  }
}

function show(event: TransferEvent): void {
  if (event.type === 'end') {
    if (event.status !== 'succeeded') console.error(`cloche: ${event.error ?? event.status}`)
    return
  }
  if (event.type === 'manifest') {
    console.error(`${event.digest}: ${event.layers} layers, ${showBytes(event.sizeBytes)}`)
    return
  }
  const { digest, state, doneBytes, sizeBytes, reason } = event
  const short = digest.slice('sha256:'.length, 'sha256:'.length + 12)
  const far = `${showBytes(doneBytes)} of ${showBytes(sizeBytes)}`
  if (state === 'known') console.error(`${short}: already there`)
  else if (state === 'done') console.error(`${short}: done`)
  else if (state === 'retrying') console.error(`${short}: tried again after ${far}: ${reason}`)
  else if (state === 'going') console.error(`${short}: ${far}`)
}

const pull = clientCommand({
  ...{ name: 'image pull', group, operands: 'REMOTE [IMAGE]' },
  summary: 'Bring an image of another registry into the registry of this Cloche',
  details:
    'REMOTE has the host of its registry: registry.example.org/team/app:1.0, or with @sha256:…. IMAGE is where it is put, as REMOTE without the host if absent. Ctrl-C cancels it.',
  flags: { template: { type: 'string', value: 'NAME', help: 'make a template of this name of it' } },
  async run({ cloche, words: [from, image], text, json }) {
    if (from === undefined) throw new UsageError('specify an image: cloche image pull REMOTE')
    const template = text('template')
    const begun = await cloche.images.pull(from, {
      ...(image === undefined ? {} : { image }),
      ...(template === undefined ? {} : { template }),
    })
    return follow(cloche, begun, json)
  },
})

const push = clientCommand({
  ...{ name: 'image push', group, operands: 'IMAGE REMOTE' },
  summary: 'Send an image of the registry of this Cloche to another registry',
  details: 'Ctrl-C cancels it.',
  async run({ cloche, words: [image, to], json }) {
    if (image === undefined || to === undefined)
      throw new UsageError('specify an image and where it goes: cloche image push IMAGE REMOTE')
    return follow(cloche, await cloche.images.push(image, to), json)
  },
})

const exportImage = clientCommand({
  ...{ name: 'image export', group, operands: 'IMAGE [FILE]' },
  summary: 'Write an image of the registry of this Cloche to a file, or to stdout',
  details: archiveForm,
  async run({ cloche, words: [image, file] }) {
    if (image === undefined) throw new UsageError('specify an image: cloche image export IMAGE [FILE]')
    await saveArchive(() => cloche.images.export(image), file)
    return 0
  },
})

const transfers = clientCommand({
  ...{ name: 'image transfers', group },
  summary: 'List transfers of images from and to other registries, newest first',
  async run({ cloche, json }) {
    const all = await cloche.images.transfers()
    const rows = all.map((one) => [
      ...[one.id, one.direction, one.remote, one.image, one.status, showAge(one.createdAt), one.error ?? ''],
    ])
    if (json) printJson(all)
    else printTable(['ID', 'DIRECTION', 'REMOTE', 'IMAGE', 'STATUS', 'AGE', 'ERROR'], rows)
    return 0
  },
})

const login = clientCommand({
  ...{ name: 'registry login', group, operands: 'HOST USERNAME' },
  summary: 'Store credentials of the tenant for another registry',
  details:
    'The password, or a token, is asked for, or read from stdin. It is encrypted and never shown again.',
  async run({ cloche, words: [host, username] }) {
    if (host === undefined || username === undefined)
      throw new UsageError('specify a host and a user name: cloche registry login HOST USERNAME')
    const password = await readPassword()
    if (password === '') throw new UsageError('there is no password')
    await cloche.registries.set(host, { username, password })
    return 0
  },
})

const list = clientCommand({
  ...{ name: 'registry ls', group },
  summary: 'List the registries that credentials are stored for',
  async run({ cloche, json }) {
    const all = await cloche.registries.list()
    if (json) printJson(all)
    else
      printTable(
        ['HOST', 'USERNAME', 'AGE'],
        all.map((one) => [one.host, one.username, showAge(one.createdAt)]),
      )
    return 0
  },
})

const logout = clientCommand({
  ...{ name: 'registry logout', group, operands: 'HOST' },
  summary: 'Delete the credentials for another registry',
  async run({ cloche, words: [host] }) {
    if (host === undefined) throw new UsageError('specify a host: cloche registry logout HOST')
    await cloche.registries.delete(host)
    return 0
  },
})

async function readPassword(): Promise<string> {
  if (!process.stdin.isTTY) {
    const parts: Buffer[] = []
    for await (const part of process.stdin) parts.push(Buffer.from(part))
    return Buffer.concat(parts)
      .toString()
      .replace(/\r?\n$/, '')
  }
  process.stderr.write('Password: ')
  const silent = new Writable({ write: (_, __, done) => done() })
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true })
  try {
    return await lines.question('')
  } finally {
    lines.close()
    process.stderr.write('\n')
  }
}

/** Commands about other registries. */
export const imageCommands: readonly Command[] = [pull, push, exportImage, transfers, login, list, logout]
