import { open } from 'node:fs/promises'
import type { Cloche, FileEntry, Files, TransferOptions } from '../../sdk/index.js'
import { type Command, UsageError } from '../command.js'
import { type ClientCall, clientCommand } from './client-command.js'
import { findSandbox, sandboxWords } from './find.js'
import { printFields, printJson, printTable, showAge, showBytes } from './output.js'
import { placeInside, sayLocalTrouble } from './place.js'
import { secondsOf } from './quantity.js'
import { streamOf } from './streams.js'

const group = 'Files'
const completes = async (cloche: Cloche) => (await sandboxWords(cloche)).map((word) => `${word}:`)

const list = clientCommand({
  ...{ name: 'file ls', group, operands: 'SANDBOX:[PATH]', completes },
  summary: 'List a directory of a sandbox',
  flags: { depth: { type: 'string', value: 'N', help: 'levels below it, 1 to 32; 1 if absent' } },
  async run({ cloche, words, number, json }) {
    const { files, path } = await inside(cloche, words[0])
    const depth = number('depth')
    const { entries, truncated } = await files.list(path, depth === undefined ? {} : { depth })
    const rows = entries.map((one) => [
      ...[one.mode, one.type, showBytes(one.sizeBytes), showAge(one.modifiedAt)],
      one.target === null ? one.path : `${one.path} -> ${one.target}`,
    ])
    if (json) printJson({ entries, truncated })
    else printTable(['MODE', 'TYPE', 'SIZE', 'AGE', 'PATH'], rows)
    if (truncated) console.error('cloche: there are more entries than can be listed at once')
    return 0
  },
})

const stat = clientCommand({
  ...{ name: 'file stat', group, operands: 'SANDBOX:PATH', completes },
  summary: 'Describe a file of a sandbox, with the entity tag that --if-match takes',
  async run({ cloche, words, json }) {
    const { files, path } = await inside(cloche, words[0])
    const entry = await files.stat(path)
    if (json) printJson(entry)
    else {
      printFields([
        ['path', entry.path],
        ['type', entry.target === null ? entry.type : `${entry.type} to ${entry.target}`],
        ['size', showBytes(entry.sizeBytes)],
        ['mode', entry.mode],
        ['owner', `${entry.uid}:${entry.gid}`],
        ['modified', entry.modifiedAt],
        ['etag', entry.etag ?? ''],
      ])
    }
    return 0
  },
})

const append = clientCommand({
  ...{ name: 'file append', group, operands: 'SANDBOX:PATH [FILE]', completes },
  summary:
    'Write stdin, or a local file, behind the end of a file of a sandbox, which is made if it is missing',
  async run({ cloche, words, json }) {
    const { files, path } = await inside(cloche, words[0])
    // Opened before anything is sent: a file that is missing must not look like a broken connection.
    const local =
      words[1] === undefined || words[1] === '-' ? null : await open(words[1]).catch(sayLocalTrouble)
    const content = local === null ? process.stdin : local.createReadStream()
    const entry = await files.append(path, streamOf(content)).catch(sayLocalTrouble)
    if (json) printJson(entry)
    return 0
  },
})

const transferFlags = {
  overwrite: { type: 'boolean', help: 'a file at TO gives way' },
  'if-match': { type: 'string', value: 'ETAG', help: 'only while the file at FROM has this entity tag' },
  'to-etag': {
    type: 'string',
    value: 'ETAG',
    help: 'with --overwrite: only while the file at TO has this one',
  },
} as const

const move = clientCommand({
  ...{ name: 'file mv', group, operands: 'SANDBOX:FROM TO', completes, flags: transferFlags },
  summary: 'Move or rename a file or a directory inside a sandbox',
  run: (call) => transfer(call, (files, ...args) => files.move(...args)),
})

const copy = clientCommand({
  ...{ name: 'file cp', group, operands: 'SANDBOX:FROM TO', completes, flags: transferFlags },
  summary: 'Copy a file or a directory inside a sandbox',
  run: (call) => transfer(call, (files, ...args) => files.copy(...args)),
})

const chmod = clientCommand({
  ...{ name: 'file chmod', group, operands: 'MODE SANDBOX:PATH...', completes },
  summary: 'Change the permissions of files of a sandbox; MODE is octal, such as 755',
  async run({ cloche, words: [mode, ...paths], json }) {
    if (mode === undefined || paths.length === 0)
      throw new UsageError('specify a mode such as 755, and paths')
    for (const word of paths) {
      const { files, path } = await inside(cloche, word)
      const entry = await files.chmod(path, mode)
      if (json) printJson(entry)
    }
    return 0
  },
})

const remove = clientCommand({
  ...{ name: 'file rm', group, operands: 'SANDBOX:PATH...', completes },
  summary: 'Delete files of a sandbox',
  flags: {
    recursive: { type: 'boolean', short: 'r', help: 'directories with all that is in them' },
    'if-match': { type: 'string', value: 'ETAG', help: 'only while the one file has this entity tag' },
  },
  async run({ cloche, words, text, has }) {
    const ifMatch = text('if-match')
    if (words.length === 0) throw new UsageError('specify what to delete as SANDBOX:PATH')
    if (ifMatch !== undefined && words.length > 1) throw new UsageError('--if-match is for one file')
    for (const word of words) {
      const { files, path } = await inside(cloche, word)
      await files.remove(path, { recursive: has('recursive'), ...(ifMatch === undefined ? {} : { ifMatch }) })
    }
    return 0
  },
})

const sign = clientCommand({
  ...{ name: 'file sign', group, operands: 'SANDBOX:PATH', completes },
  summary: 'Print a URL that reads one file without a key, until it expires',
  flags: {
    write: { type: 'boolean', help: 'a URL that replaces the file by PUT, instead of reading it' },
    for: { type: 'string', value: 'TIME', help: 'valid for this time, such as 10m or 2d; an hour if absent' },
  },
  async run({ cloche, words, text, has, json }) {
    const { files, path } = await inside(cloche, words[0])
    const expiresInSeconds = secondsOf('for', text('for'))
    const signed = await files.signUrl(path, {
      method: has('write') ? 'PUT' : 'GET',
      ...(expiresInSeconds === undefined ? {} : { expiresInSeconds }),
    })
    if (json) printJson(signed)
    else console.log(signed.url)
    return 0
  },
})

export const fileCommands: readonly Command[] = [list, stat, append, copy, move, chmod, remove, sign]

async function inside(cloche: Cloche, word: string | undefined): Promise<{ files: Files; path: string }> {
  const { sandbox, path } = placeInside(word)
  return { files: (await findSandbox(cloche, sandbox)).files, path }
}

async function transfer(
  { cloche, words, text, has, json }: ClientCall,
  act: (files: Files, from: string, to: string, options: TransferOptions) => Promise<FileEntry>,
): Promise<number> {
  const [from, to] = words
  if (to === undefined || words.length !== 2) throw new UsageError('specify SANDBOX:FROM and TO')
  const { files, path } = await inside(cloche, from)
  const [ifMatch, toEtag] = [text('if-match'), text('to-etag')]
  const entry = await act(files, path, to, {
    overwrite: has('overwrite'),
    ...(ifMatch === undefined ? {} : { ifMatch }),
    ...(toEtag === undefined ? {} : { toEtag }),
  })
  if (json) printJson(entry)
  return 0
}
