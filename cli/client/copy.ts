import { createReadStream, type Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { inPieces } from '../../common/tar/write.js'
// Not by the index, which loads all schemas.
import { pathBytes, pathText } from '../../protocol/api/path.js'
import { type FileEntry, FileNotFound, InvalidRequest, type StoredFiles } from '../../sdk/index.js'
import { Failure, UsageError } from '../command.js'
import { clientCommand } from './client-command.js'
import { findSandbox, sandboxWords } from './find.js'
import { printJson, write } from './output.js'
import { type LeftOut, packDirectory } from './pack.js'
import { placeOf, sayLocalTrouble } from './place.js'
import { Progress } from './progress.js'
import { continueDownload, continueUpload } from './resume.js'
import { chunksOf, streamOf, writeLocal } from './streams.js'
import { unpackDirectory } from './unpack.js'

export const copy = clientCommand({
  name: 'cp',
  group: 'Sandboxes',
  operands: 'FROM TO',
  summary: 'Copy a file or directory: one of FROM and TO is SANDBOX:PATH',
  details:
    'Works as cp -r: FROM is copied into TO when TO is a directory, and to the name TO otherwise. Paths in a sandbox\n' +
    'are absolute, or relative to /home/user. - is stdin or stdout. Write a local name with a colon as ./a:b, and a\n' +
    'name in the sandbox that is not UTF-8 as a URI: file:caf%E9. What cannot be copied, such as a socket, is left out\n' +
    'and named; the exit code is then 1. With --continue one file is sent or fetched from where an earlier copy of it\n' +
    'broke off: what is at TO must be the beginning of FROM. It goes on by itself when the connection breaks.',
  flags: { continue: { type: 'boolean', help: 'go on with one file where an earlier copy broke off' } },
  completes: async (cloche) => (await sandboxWords(cloche)).map((word) => `${word}:`),
  async run({ cloche, words, has, json }) {
    const [from, to] = [placeOf(words[0]), placeOf(words[1])]
    if (words.length !== 2) throw new UsageError('specify what to copy and where to: cloche cp FROM TO')
    const [there, another] = [from, to].flatMap((place) => (place.kind === 'sandbox' ? [place] : []))
    if (there === undefined || another !== undefined) {
      throw new UsageError('one of FROM and TO must be SANDBOX:PATH, and the other a local path')
    }
    const sandbox = await findSandbox(cloche, there.sandbox)
    let complete = true
    const leftOut: LeftOut = (path, why) => {
      complete = false
      console.error(`cloche: left out ${path}: ${why}`)
    }
    const [up, down] = has('continue') ? [continueUpload, continueDownload] : [upload, download]
    const copied =
      there === to ? up(from.path, sandbox, to.path, leftOut) : down(sandbox, from.path, to.path, leftOut)
    const bytes = await copied.catch(sayLocalTrouble)
    if (json) printJson({ from: words[0], to: words[1], bytes, complete })
    return complete ? 0 : 1
  },
})

/** @returns how many bytes went over the line */
export async function upload(
  from: string,
  { files }: { readonly files: StoredFiles },
  to: string,
  leftOut: LeftOut,
): Promise<number> {
  const source = from === '-' ? undefined : await localStat(from)
  if (from !== '-' && source === undefined) throw new Failure(`there is no ${from} here`)
  const inside = to.endsWith('/') || (await isDirectory(files, to))
  if (inside && from === '-') throw new Failure(`${to} is a directory, and what comes from stdin has no name`)
  const target = inside ? within(to, nameOf(from, Buffer.from(resolve(from)))) : to
  using progress = new Progress(from, source?.isDirectory() ? undefined : source?.size)
  if (source?.isDirectory()) {
    await files.unpack(
      target,
      streamOf(progress.through(Readable.from(inPieces(packDirectory(from, leftOut))))),
    )
  } else {
    const content = from === '-' ? process.stdin : createReadStream(from)
    const mode = source === undefined ? {} : { mode: (source.mode & 0o777).toString(8).padStart(3, '0') }
    await files.write(target, streamOf(progress.through(content)), mode)
  }
  return progress.bytes
}

/** @returns how many bytes went over the line */
export async function download(
  { files }: { readonly files: StoredFiles },
  from: string,
  to: string,
  leftOut: LeftOut,
): Promise<number> {
  const entry = await files.stat(from)
  const tree = await isDirectory(files, from, entry)
  if (tree && to === '-') throw new Failure(`${from} is a directory, and stdout cannot hold one`)
  const inside = to !== '-' && (to.endsWith('/') || (await localStat(to))?.isDirectory() === true)
  const target = inside ? join(to, nameOf(from, bytesOf(from)).toString()) : to
  using progress = new Progress(from, entry.type === 'file' ? entry.sizeBytes : undefined)
  const content = async (stream: ReadableStream<Uint8Array>) => progress.through(chunksOf(stream))
  if (tree) {
    const modifiedNs = BigInt(Date.parse(entry.modifiedAt)) * 1_000_000n
    const attributes = {
      mode: entry.type === 'directory' ? Number.parseInt(entry.mode, 8) : 0o755,
      modifiedNs,
    }
    await unpackDirectory(target, await content(await files.pack(from)), attributes, leftOut)
  } else if (target === '-') {
    for await (const chunk of await content(await files.readStream(from))) await write(process.stdout, chunk)
  } else await writeLocal(target, await content(await files.readStream(from)), Number.parseInt(entry.mode, 8))
  return progress.bytes
}

/** The name below another directory; none for `.`, `..` and `/`, whose content goes into that directory itself. */
function nameOf(word: string, path: Buffer): Buffer {
  const names = path.toString('latin1').split('/').filter(Boolean)
  return Buffer.from(/(^|\/)\.\.?\/*$/.test(word) ? '' : (names.at(-1) ?? ''), 'latin1')
}

/** A path of a sandbox is text that stands for bytes. */
function bytesOf(path: string): Buffer {
  const bytes = pathBytes(path)
  if (typeof bytes === 'string') throw new UsageError(`the path ${path} ${bytes}`)
  return Buffer.from(bytes)
}

/** A name below a directory of a sandbox. */
const within = (directory: string, name: Buffer) => pathText(Buffer.concat([bytesOf(directory), slash, name]))
const slash = Buffer.from('/')

const localStat = (path: string): Promise<Stats | undefined> => stat(path).catch(() => undefined)

/** Also of a link to one. */
async function isDirectory(files: StoredFiles, path: string, known?: FileEntry): Promise<boolean> {
  try {
    const { type } = known ?? (await files.stat(path))
    if (type === 'symlink') await files.list(path)
    return type === 'directory' || type === 'symlink'
  } catch (error) {
    // A link to a file, or to nothing, cannot be listed.
    if (error instanceof FileNotFound || error instanceof InvalidRequest) return false
    throw error
  }
}
