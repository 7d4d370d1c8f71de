import { lchown, link, rmdir, symlink, unlink, utimes } from 'node:fs/promises'
import tar from 'tar-stream'
import { RuntimeRefusal } from '../errors.js'
import { enterMade, openMade } from './mkdir.js'
import { ownerIn } from './owner.js'
import { stepsOf } from './path.js'
import { codeOf } from './refusal.js'
import type { FilesRoot, Found } from './root.js'
import { fill, statOf } from './write.js'

/**
 * Unpacks a tar into a directory, entry by entry as it arrives. Entries stay below that directory: names that
 * lead out of it, and ways through a link, are refused, whoever made the link. Symlinks are made as they are
 * written, since the sandbox itself follows them; hard links only to files of the same directory. Devices and
 * pipes are refused. Owners are those of any new file. What came before a refused entry stays.
 */
export async function unpackInto(
  root: FilesRoot,
  path: string,
  archive: AsyncIterable<Uint8Array>,
): Promise<void> {
  using top = await openMade(root, path)
  const extract = tar.extract()
  const feed = async () => {
    for await (const chunk of archive) {
      if (extract.destroying) return // `read` says why
      await put(extract, chunk)
    }
    extract.end(null)
  }
  const read = async () => {
    for await (const entry of extract) await unpackEntry(root, top, entry.header, bytesOf(entry))
  }
  const sides = [feed(), read()].map((side) =>
    side.catch((error: unknown) => {
      extract.destroy()
      throw error
    }),
  )
  // Both have to be through before the directory is closed.
  const failures = (await Promise.allSettled(sides)).flatMap((one) =>
    one.status === 'rejected' ? [one.reason] : [],
  )
  if (failures.length === 0) return
  // An archive that is cut or damaged is the caller's mistake; what was refused already goes on as it is.
  const refused = failures.find((one) => one instanceof RuntimeRefusal || codeOf(one) !== undefined)
  if (refused !== undefined) throw refused
  const [words] = failures.map((one) => (one instanceof Error ? one.message : String(one)))
  throw new RuntimeRefusal('invalid_request', `the archive cannot be read: ${words}`)
}

/** Writes into a stream of tar-stream, which is not one of Node's, and waits while it is full. */
async function put(extract: tar.Extract, chunk: Uint8Array): Promise<void> {
  if (extract.write(chunk)) return
  await new Promise<void>((resolve) => {
    extract.once('drain', resolve)
    extract.once('close', resolve)
  })
}

async function unpackEntry(
  root: FilesRoot,
  top: Found,
  header: tar.Header,
  content: AsyncIterable<Uint8Array>,
): Promise<void> {
  const steps = stepsOf(header.name)
  const name = steps.pop()
  if (name === undefined) return drain(content)
  using parent = await descend(root, top, steps)
  if (header.type === 'directory') {
    using _ = await enterMade(root, parent, name)
    return drain(content)
  }
  const owner = ownerIn(root, parent.stat())
  await makeRoom(parent, name)
  switch (header.type ?? 'file') {
    case 'file':
    case 'contiguous-file': {
      await fill(parent, name, content, owner, (header.mode ?? 0o644) & 0o777)
      if (header.mtime) await utimes(parent.path(name), header.mtime, header.mtime)
      return
    }
    case 'symlink':
      parent.refuseUnwritable(header.name)
      await symlink(header.linkname ?? '', parent.path(name))
      await lchown(parent.path(name), owner.uid, owner.gid)
      break
    case 'link':
      await linkWithin(top, header.linkname ?? '', parent, name)
      break
    default:
      throw new RuntimeRefusal('invalid_request', `the archive's entry ${header.name} is a ${header.type}`)
  }
  await drain(content)
}

/** An entry's content; streams of tar-stream say nothing of what they hold. */
async function* bytesOf(source: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) if (chunk instanceof Uint8Array) yield chunk
}

/** The next entry comes only when this one was read to its end. */
async function drain(content: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of content);
}

async function linkWithin(top: Found, from: string, parent: Found, name: string): Promise<void> {
  const steps = stepsOf(from)
  const last = steps.pop()
  if (last === undefined)
    throw new RuntimeRefusal('invalid_request', `a link in the archive leads to ${from}`)
  using source = top.below(steps)
  await link(source.path(last), parent.path(name))
}

async function descend(root: FilesRoot, top: Found, steps: readonly string[]): Promise<Found> {
  try {
    return top.below(steps)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
  let at = top.below([])
  for (const step of steps) {
    using parent = at
    at = await enterMade(root, parent, step)
  }
  return at
}

/** What is there already gives way, but a directory that is not empty. */
async function makeRoom(parent: Found, name: string): Promise<void> {
  const stat = await statOf(parent, name)
  if (stat?.isDirectory()) await rmdir(parent.path(name))
  else if (stat !== undefined) await unlink(parent.path(name))
}
