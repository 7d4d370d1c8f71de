import type { Cloche, SnapshotDescription } from '../../sdk/index.js'
import { type Command, Failure, UsageError } from '../command.js'
import { saveArchive } from './archive.js'
import { clientCommand } from './client-command.js'
import { findSandbox, sandboxWords } from './find.js'
import { printJson, printTable, showAge, showBytes } from './output.js'

const group = 'Snapshots'

/** Names and ids of snapshots, for completion. */
async function snapshotWords(cloche: Cloche): Promise<readonly string[]> {
  const words: string[] = []
  for await (const { id, name } of cloche.snapshots.list()) words.push(id, name)
  return words
}

/** The id of the snapshot that a person means by its id or its name. */
export async function snapshotIdOf(cloche: Cloche, word: string | undefined): Promise<string> {
  if (word === undefined) {
    throw new UsageError('specify a snapshot by its name or id; cloche snapshot ls lists them')
  }
  if (/^sn_/.test(word)) return word
  for await (const { id, name } of cloche.snapshots.list()) if (name === word) return id
  throw new Failure(`there is no snapshot ${word}; cloche snapshot ls lists them`)
}

const create = clientCommand({
  ...{ name: 'snapshot create', group, operands: 'SANDBOX [NAME]' },
  summary: "Take a snapshot of a sandbox's disk, and print its id",
  details: 'Nothing is copied. Processes in the sandbox are frozen meanwhile; its memory is not part of it.',
  completes: sandboxWords,
  async run({ cloche, words, json }) {
    const [sandbox, name] = words
    const taken = await (await findSandbox(cloche, sandbox)).snapshot(name === undefined ? {} : { name })
    if (json) printJson(taken)
    else console.log(taken.id)
    return 0
  },
})

const list = clientCommand({
  ...{ name: 'snapshot ls', group, operands: '[SANDBOX]' },
  summary: 'List snapshots, newest first, or those of one sandbox',
  completes: sandboxWords,
  async run({ cloche, words, json }) {
    const of = words[0] === undefined ? {} : { sandbox: (await findSandbox(cloche, words[0])).id }
    const all: SnapshotDescription[] = []
    for await (const one of cloche.snapshots.list(of)) all.push(one)
    const rows = all.map((one) => [
      ...[one.id, one.name, one.sandboxName, one.template, showAge(one.createdAt), showBytes(one.sizeBytes)],
      one.exclusiveBytes === null ? '' : showBytes(one.exclusiveBytes),
    ])
    if (json) printJson(all)
    else printTable(['ID', 'NAME', 'SANDBOX', 'TEMPLATE', 'AGE', 'SIZE', 'EXCLUSIVE'], rows)
    return 0
  },
})

const remove = clientCommand({
  ...{ name: 'snapshot rm', group, operands: 'SNAPSHOT...' },
  summary: 'Delete snapshots; sandboxes that were made from them stay',
  completes: snapshotWords,
  async run({ cloche, words }) {
    if (words.length === 0) await snapshotIdOf(cloche, undefined)
    for (const word of words) await cloche.snapshots.delete(await snapshotIdOf(cloche, word))
    return 0
  },
})

const rename = clientCommand({
  ...{ name: 'snapshot rename', group, operands: 'SNAPSHOT NAME' },
  summary: 'Give a snapshot another name',
  completes: snapshotWords,
  async run({ cloche, words: [word, name] }) {
    const id = await snapshotIdOf(cloche, word)
    if (name === undefined) throw new UsageError('specify the new name')
    await cloche.snapshots.rename(id, name)
    return 0
  },
})

const restore = clientCommand({
  ...{ name: 'snapshot restore', group, operands: 'SANDBOX SNAPSHOT' },
  summary: "Bring a sandbox's disk back to a snapshot",
  details:
    'A snapshot of the disk as it is is taken first, and its id printed. A sandbox that runs is stopped, and started again.',
  completes: sandboxWords,
  async run({ cloche, words, json }) {
    const sandbox = await findSandbox(cloche, words[0])
    const restored = await sandbox.restore(await snapshotIdOf(cloche, words[1]))
    if (json) printJson(restored)
    else console.log(restored.before.id)
    return 0
  },
})

const exportTar = clientCommand({
  ...{ name: 'snapshot export', group, operands: 'SNAPSHOT [FILE]' },
  summary: 'Write the files of a snapshot to a tar archive, or to stdout',
  details: 'All of them, with those of the template, or with --path a directory or a file.',
  flags: { path: { type: 'string', value: 'PATH', help: 'only this directory or file, such as /home/user' } },
  completes: snapshotWords,
  async run({ cloche, words: [word, file], text }) {
    const id = await snapshotIdOf(cloche, word)
    await saveArchive(() => cloche.snapshots.pack(id, text('path')), file)
    return 0
  },
})

const commit = clientCommand({
  ...{ name: 'snapshot commit', group, operands: 'SNAPSHOT IMAGE' },
  summary: 'Make an OCI image of a snapshot in the registry of this Cloche',
  details:
    'IMAGE is such as app:1.0; docker pull HOST/app:1.0 gets it. Layers that are there already are used again. Its digest is printed.',
  completes: snapshotWords,
  async run({ cloche, words: [word, image], json }) {
    const id = await snapshotIdOf(cloche, word)
    if (image === undefined) throw new UsageError('specify an image: cloche snapshot commit SNAPSHOT IMAGE')
    const made = await cloche.snapshots.toImage(id, image)
    if (json) printJson(made)
    else console.log(`${made.image} ${made.digest}`)
    return 0
  },
})

const fork = clientCommand({
  ...{ name: 'sandbox fork', group, operands: 'SANDBOX' },
  summary: 'Make sandboxes that begin with the disk of another one, and print their ids',
  flags: {
    count: { type: 'string', value: 'NUMBER', help: 'how many; 1 if absent, at most 20' },
    name: { type: 'string', value: 'NAME', help: 'their name, with a number when there are several' },
  },
  completes: sandboxWords,
  async run({ cloche, words, text, number, json }) {
    const [count, name] = [number('count'), text('name')]
    const forks = await (await findSandbox(cloche, words[0])).fork({
      ...(count === undefined ? {} : { count }),
      ...(name === undefined ? {} : { name }),
    })
    if (json) printJson(await Promise.all(forks.map((one) => one.describe())))
    else for (const { id } of forks) console.log(id)
    return 0
  },
})

const changes = clientCommand({
  ...{ name: 'sandbox diff', group, operands: 'SANDBOX' },
  summary: 'List paths of a sandbox that differ from its template',
  details: 'A: added, C: changed, D: deleted.',
  completes: sandboxWords,
  async run({ cloche, words, json }) {
    const found = await (await findSandbox(cloche, words[0])).changes({ limit: 10_000 })
    if (json) printJson(found)
    else for (const { change, path } of found.changes) console.log(`${letterOf[change]} ${path}`)
    if (found.truncated) console.error('cloche: there are more than these')
    return 0
  },
})

const letterOf = { added: 'A', changed: 'C', deleted: 'D' } as const

export const snapshotCommands: readonly Command[] = [
  ...[create, list, rename, restore, remove, exportTar, commit, fork, changes],
]
