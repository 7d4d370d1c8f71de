import { closeSync, constants, createReadStream, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline, type Readable } from 'node:stream'
import { createGunzip, gunzipSync } from 'node:zlib'
import type { Ignored } from '../../protocol/api/dockerignore.js'
import { parseIgnored } from '../../protocol/api/dockerignore.js'
import { newId } from '../../protocol/api/index.js'
import type { Archives } from '../files/archives.js'
import { FilesRoot, openMountedRoot } from '../files/root.js'
import { userOf } from '../image/users.js'
import { mountWritable } from '../rootfs/rootfs.js'
import { bounds } from './bounds.js'
import { copySources, makeDirectories } from './copying.js'
import { badBuild } from './error.js'
import { type Accounts, type BuildParts, fullDisk, isBrokenGzip, isFull } from './parts.js'
import type { CopyStep } from './plan.js'
import { assertFew, findSources, type Source } from './sources.js'
import { digestOfSources } from './tree.js'
import { BuildVolume } from './volume.js'
import { WalkBudget } from './walk.js'

/** Nothing of another stage is left out. */
const nothingIgnored = parseIgnored('')

/** Where a step copies from, and what is left out there. */
export interface CopyFrom {
  readonly root: FilesRoot
  readonly ignored: Ignored
}
export const fromLayers = (root: FilesRoot): CopyFrom => ({ root, ignored: nothingIgnored })

/** Calls `act` with what a COPY names. */
export async function withSources<T>(
  step: CopyStep,
  from: CopyFrom,
  budget: WalkBudget,
  act: (sources: readonly Source[]) => Promise<T>,
): Promise<T> {
  const sources: Source[] = []
  try {
    for (const named of step.sources) {
      sources.push(...(await findSources(from.root, named, from.ignored, step.line, budget)))
      assertFew(sources, step.line)
    }
    if (sources.length > 1 && !step.target.endsWith('/') && step.target !== '/')
      throw badBuild('what several files are copied to has to end with a slash', step.line)
    return await act(sources)
  } finally {
    for (const { handle } of sources) handle[Symbol.dispose]()
  }
}

/** What of a copy's sources decides whether it has to be made again. */
export function digestOfCopy(step: CopyStep, from: CopyFrom, signal: AbortSignal): Promise<string> {
  const budget = new WalkBudget(step.line, signal)
  return withSources(step, from, budget, (sources) =>
    digestOfSources(sources, from.ignored, budget, bounds.contextBytes),
  )
}

/**
 * Changes the files of a stage from outside, on a volume with the limit of a step.
 * @param act is given the root to write to
 * @param add makes a layer of a volume that nobody writes to any more
 */
export async function writeLayer(
  parts: BuildParts,
  line: number,
  layers: readonly string[],
  act: (root: FilesRoot) => Promise<void>,
  add: (volume: { path: string; id: number }) => Promise<string>,
): Promise<string> {
  const { node, store, request } = parts
  using volume = new BuildVolume(node.disk, newId('bv'), request.limits.diskMiB * 1024 ** 2)
  try {
    const at = join(node.scratch, newId('bm'))
    const rootfs = mountWritable(
      at,
      layers.map((name) => store.path(name)),
      volume.path,
    )
    try {
      using root = new FilesRoot(openMountedRoot(rootfs.path), 0, () => {}, { uid: 0, gid: 0 })
      await act(root)
    } finally {
      await rootfs[Symbol.asyncDispose]()
    }
    return await add(volume)
  } catch (error) {
    if (isFull(error)) throw fullDisk(parts, volume.id, line)
    throw error
  }
}

/** Copies what a step names into a root; an archive of the context is unpacked by ADD. */
export async function performCopy(
  parts: Pick<BuildParts, 'signal'>,
  archives: Pick<Archives, 'unpack'>,
  step: CopyStep,
  from: CopyFrom,
  root: FilesRoot,
  accounts: Accounts,
): Promise<void> {
  const owner = step.chown === null ? null : ownerOf(step.chown, accounts)
  // What comes from the context is root's; what was in another stage stays whose it was.
  const given = owner ?? (step.from.kind === 'context' ? { uid: 0, gid: 0 } : null)
  const options = { owner: given, mode: step.chmod, ignored: from.ignored, line: step.line }
  const budget = new WalkBudget(step.line, parts.signal)
  await withSources(step, from, budget, async (sources) => {
    for (const source of sources) {
      const archive = step.unpack ? openArchive(source, step.line) : undefined
      if (archive === undefined) {
        await copySources([source], root, step.target, options, budget)
        continue
      }
      {
        using _ = makeDirectories(root, step.target, given ?? { uid: 0, gid: 0 }, step.line)
      }
      const top = new FilesRoot(root.fd, 0, () => {}, given ?? { uid: 0, gid: 0 })
      try {
        await archives.unpack(top, step.target, whileWanted(archive, parts.signal))
      } catch (error) {
        if (!isBrokenGzip(error)) throw error
        throw badBuild(`${source.path} is not valid gzip`, step.line)
      } finally {
        archive.destroy()
      }
    }
  })
}

async function* whileWanted(archive: AsyncIterable<Uint8Array>, signal: AbortSignal) {
  for await (const part of archive) {
    signal.throwIfAborted()
    yield part
  }
}

function ownerOf(stated: string, { passwd, group }: Accounts): { uid: number; gid: number } {
  const { uid, gid } = userOf(stated, passwd, group)
  const named = stated.includes(':') || /[^\d]/.test(stated)
  // A number alone is that of the group, too.
  return { uid, gid: named ? gid : uid }
}

/** The tar in a file, if it is one. */
function openArchive({ handle, path }: Source, line: number): Readable | undefined {
  if (!handle.stat().isFile()) return undefined
  const open = () => openSync(handle.path(), constants.O_RDONLY | constants.O_NONBLOCK)
  const head = Buffer.alloc(4096)
  const length = readHead(open(), head)
  const hex = head.toString('hex', 0, 6)
  if (hex.startsWith('425a68') || hex.startsWith('fd377a585a00') || hex.startsWith('28b52ffd'))
    throw badBuild(
      `${path} is compressed in a way that ADD does not unpack: use gzip, or COPY and RUN tar`,
      line,
    )
  const isTar = (block: Buffer) => block.toString('latin1', 257, 262) === 'ustar'
  const stream = () => createReadStream('', { fd: open(), highWaterMark: 256 * 1024 })
  if (!hex.startsWith('1f8b')) return isTar(head.subarray(0, length)) ? stream() : undefined
  const first = beginning(head.subarray(0, length))
  if (first === undefined || !isTar(first)) return undefined
  const gunzip = createGunzip()
  // Unlike with `pipe` the file is closed whichever of the two ends early; the error comes out of the other end as well.
  pipeline(stream(), gunzip, () => {})
  return gunzip
}

function readHead(fd: number, head: Buffer): number {
  try {
    return readSync(fd, head, 0, head.length, 0)
  } finally {
    closeSync(fd)
  }
}

/** What the beginning of a gzip file holds. */
function beginning(head: Buffer): Buffer | undefined {
  try {
    // The rest of the file is missing, which is no error with this.
    return gunzipSync(head, { finishFlush: 2 /* Z_SYNC_FLUSH */, maxOutputLength: 8 * 1024 ** 2 })
  } catch {
    return undefined
  }
}
