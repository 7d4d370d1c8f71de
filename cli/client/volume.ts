import type { Cloche, VolumeDescription, VolumeSnapshotDescription } from '../../sdk/index.js'
import { type Command, Failure, UsageError } from '../command.js'
import { clientCommand } from './client-command.js'
import { download, upload } from './copy.js'
import { printable, printJson, printTable, showAge, showBytes } from './output.js'
import type { LeftOut } from './pack.js'
import { placeOf, sayLocalTrouble } from './place.js'
import { mebibytesOf } from './quantity.js'

const group = 'Volumes'
const mib = 1024 ** 2

/** Names and ids of volumes, for completion. */
async function volumeWords(cloche: Cloche): Promise<readonly string[]> {
  const words: string[] = []
  for await (const { id, name } of cloche.volumes.list()) words.push(id, name)
  return words
}

/** The id of the volume that a person means by its id or its name. */
async function idOf(cloche: Cloche, word: string | undefined): Promise<string> {
  if (word === undefined)
    throw new UsageError('specify a volume by its name or id; cloche volume ls lists them')
  if (/^vl_/.test(word)) return word
  for await (const { id, name } of cloche.volumes.list()) if (name === word) return id
  throw new Failure(`there is no volume ${word}; cloche volume ls lists them`)
}

/** The same of a snapshot; the newest of a name. */
async function snapshotIdOf(cloche: Cloche, word: string | undefined): Promise<string> {
  if (word === undefined)
    throw new UsageError('specify a snapshot by its name or id; cloche volume snapshots lists them')
  if (/^vs_/.test(word)) return word
  for await (const { id, name } of cloche.volumes.snapshots()) if (name === word) return id
  throw new Failure(`there is no snapshot ${word}; cloche volume snapshots lists them`)
}

/** What `--volume NAME:/path[:ro]` of `sandbox create` says. @throws UsageError, Failure */
export async function volumesOf(cloche: Cloche, texts: readonly string[]) {
  const wanted = texts.map((text) => {
    const [, name, path, way] = text.match(/^(.+?):(\/.*?)(?::(ro|rw))?$/s) ?? []
    if (name !== undefined && path !== undefined) return { name, path, readOnly: way === 'ro' }
    throw new UsageError(`--volume must be VOLUME:PATH or VOLUME:PATH:ro with an absolute path, not ${text}`)
  })
  return Promise.all(
    wanted.map(async ({ name, path, readOnly }) => ({ volume: await idOf(cloche, name), path, readOnly })),
  )
}

const create = clientCommand({
  ...{ name: 'volume create', group, operands: 'NAME' },
  summary: 'Make a volume, and print its id',
  flags: {
    size: { type: 'string', value: 'SIZE', help: 'what it holds at most, such as 512m or 10g; default: 1g' },
    from: { type: 'string', value: 'SNAPSHOT', help: 'a snapshot of a volume that it begins with' },
  },
  fields: { name: 'NAME', sizeMiB: '--size (MiB)', from: '--from' },
  async run({ cloche, words: [name, another], text, json }) {
    if (name === undefined || another !== undefined) throw new UsageError('specify one name for the volume')
    const [sizeMiB, from] = [mebibytesOf('size', text('size')), text('from')]
    const made = await cloche.volumes.create({
      ...{ name, sizeMiB },
      ...(from === undefined ? {} : { from: await snapshotIdOf(cloche, from) }),
    })
    if (json) printJson(made)
    else console.log(made.id)
    return 0
  },
})

const list = clientCommand({
  ...{ name: 'volume ls', group },
  summary: 'List volumes, newest first',
  async run({ cloche, json }) {
    const all: VolumeDescription[] = []
    for await (const one of cloche.volumes.list()) all.push(one)
    const rows = all.map((one) => [
      ...[one.id, one.name, showBytes(one.sizeMiB * mib)],
      ...[one.usedBytes === null ? '' : showBytes(one.usedBytes), showAge(one.createdAt)],
      one.usedBy.map(({ name, path, readOnly }) => `${name}:${path}${readOnly ? ':ro' : ''}`).join(' '),
    ])
    if (json) printJson(all)
    else printTable(['ID', 'NAME', 'SIZE', 'USED', 'AGE', 'SANDBOXES'], rows)
    return 0
  },
})

const remove = clientCommand({
  ...{ name: 'volume rm', group, operands: 'VOLUME...' },
  summary: 'Delete volumes that no sandbox has; snapshots of them stay',
  completes: volumeWords,
  async run({ cloche, words }) {
    if (words.length === 0) await idOf(cloche, undefined)
    for (const word of words) await cloche.volumes.delete(await idOf(cloche, word))
    return 0
  },
})

const rename = clientCommand({
  ...{ name: 'volume rename', group, operands: 'VOLUME NAME' },
  summary: 'Give a volume another name',
  completes: volumeWords,
  async run({ cloche, words: [word, name] }) {
    const id = await idOf(cloche, word)
    if (name === undefined) throw new UsageError('specify the new name')
    await cloche.volumes.update(id, { name })
    return 0
  },
})

const resize = clientCommand({
  ...{ name: 'volume resize', group, operands: 'VOLUME SIZE' },
  summary: 'Make a volume larger, or smaller but not below what it holds',
  completes: volumeWords,
  async run({ cloche, words: [word, size] }) {
    const id = await idOf(cloche, word)
    const sizeMiB = mebibytesOf('size', size)
    if (sizeMiB === undefined) throw new UsageError('specify the new size, such as 2g')
    await cloche.volumes.update(id, { sizeMiB })
    return 0
  },
})

const copy = clientCommand({
  ...{ name: 'volume cp', group, operands: 'FROM TO' },
  summary: 'Copy a file or directory: one of FROM and TO is VOLUME:PATH',
  details: 'As cloche cp does with a sandbox. No sandbox is needed; paths begin at the volume itself.',
  completes: async (cloche) => (await volumeWords(cloche)).map((word) => `${word}:`),
  async run({ cloche, words, json }) {
    const [from, to] = [placeOf(words[0]), placeOf(words[1])]
    const [there, another] = [from, to].flatMap((place) => (place.kind === 'sandbox' ? [place] : []))
    if (words.length !== 2 || there === undefined || another !== undefined) {
      throw new UsageError('one of FROM and TO must be VOLUME:PATH, and the other a local path')
    }
    const files = cloche.volumes.files(await idOf(cloche, there.sandbox))
    let complete = true
    const leftOut: LeftOut = (path, why) => {
      complete = false
      console.error(`cloche: left out ${path}: ${why}`)
    }
    const copied =
      there === to
        ? upload(from.path, { files }, to.path, leftOut)
        : download({ files }, from.path, to.path, leftOut)
    const bytes = await copied.catch(sayLocalTrouble)
    if (json) printJson({ from: words[0], to: words[1], bytes, complete })
    return complete ? 0 : 1
  },
})

const files = clientCommand({
  ...{ name: 'volume files', group, operands: 'VOLUME [PATH]' },
  summary: 'List a directory of a volume',
  completes: volumeWords,
  async run({ cloche, words: [word, path = '/'], json }) {
    const { entries } = await cloche.volumes.files(await idOf(cloche, word)).list(path)
    const rows = entries.map((one) => [one.type, one.mode, showBytes(one.sizeBytes), one.path])
    if (json) printJson(entries)
    else printTable(['TYPE', 'MODE', 'SIZE', 'PATH'], rows)
    return 0
  },
})

const search = clientCommand({
  ...{ name: 'volume search', group, operands: 'VOLUME QUERY [PATH]' },
  summary: 'Print the lines of files of a volume that contain a text',
  details: 'No sandbox needs to have the volume. The exit code is 1 when nothing was found.',
  flags: {
    regex: { type: 'boolean', help: 'QUERY is a regular expression' },
    glob: { type: 'string', value: 'GLOB', help: 'only files whose name matches, such as *.py' },
    hidden: { type: 'boolean', help: 'hidden files as well, and what .gitignore excludes' },
  },
  completes: volumeWords,
  async run({ cloche, words: [word, query, path = '/'], has, text, json }) {
    const id = await idOf(cloche, word)
    if (query === undefined) throw new UsageError('specify what lines must contain')
    const glob = text('glob')
    const options = {
      ...{ path, regex: has('regex'), hidden: has('hidden') },
      ...(glob === undefined ? {} : { glob }),
    }
    let found = 0
    for await (const match of cloche.volumes.search(id, query, options)) {
      found++
      if (json) console.log(JSON.stringify(match))
      else console.log(printable(`${match.path}:${match.line}:${match.text}`))
    }
    return found === 0 ? 1 : 0
  },
})

const snapshot = clientCommand({
  ...{ name: 'volume snapshot', group, operands: 'VOLUME [NAME]' },
  summary: 'Take a snapshot of a volume, and print its id',
  details: 'Nothing is copied. volume create --from makes a volume of it.',
  completes: volumeWords,
  async run({ cloche, words: [word, name], json }) {
    const taken = await cloche.volumes.snapshot(await idOf(cloche, word), name === undefined ? {} : { name })
    if (json) printJson(taken)
    else console.log(taken.id)
    return 0
  },
})

const snapshots = clientCommand({
  ...{ name: 'volume snapshots', group, operands: '[VOLUME]' },
  summary: 'List snapshots of volumes, newest first',
  completes: volumeWords,
  async run({ cloche, words: [word], json }) {
    const of = word === undefined ? {} : { volume: await idOf(cloche, word) }
    const all: VolumeSnapshotDescription[] = []
    for await (const one of cloche.volumes.snapshots(of)) all.push(one)
    const rows = all.map((one) => [
      one.id,
      one.name,
      one.volumeName,
      showAge(one.createdAt),
      showBytes(one.sizeBytes),
    ])
    if (json) printJson(all)
    else printTable(['ID', 'NAME', 'VOLUME', 'AGE', 'SIZE'], rows)
    return 0
  },
})

const removeSnapshot = clientCommand({
  ...{ name: 'volume rm-snapshot', group, operands: 'SNAPSHOT...' },
  summary: 'Delete snapshots of volumes; volumes that were made from them stay',
  async run({ cloche, words }) {
    if (words.length === 0) await snapshotIdOf(cloche, undefined)
    for (const word of words) await cloche.volumes.deleteSnapshot(await snapshotIdOf(cloche, word))
    return 0
  },
})

export const volumeCommands: readonly Command[] = [
  ...[create, list, rename, resize, remove, copy, files, search, snapshot, snapshots, removeSnapshot],
]
