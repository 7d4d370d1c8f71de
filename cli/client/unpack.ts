import { constants } from 'node:fs'
import { chmod, lstat, mkdir, open, rm, symlink, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Extract, Header } from 'tar-stream'
import { Failure } from '../command.js'

/**
 * Unpacks a tar into a local directory. Whoever made it is not trusted: names that lead out of the directory are
 * refused, nothing is written through a link, and links come last, so that no later entry can use one.
 */
export async function unpackDirectory(directory: string, archive: AsyncIterable<Uint8Array>): Promise<void> {
  const { extract } = await import('tar-stream')
  const links: { path: string; target: string }[] = []
  await mkdir(directory, { recursive: true })
  const reader = extract()
  const fed = feed(reader, archive)
  try {
    for await (const entry of reader) {
      const { header } = entry
      const path = join(directory, ...stepsOf(header.name))
      if (header.type === 'symlink') links.push({ path, target: header.linkname ?? '' })
      else if (header.type === 'directory') await makeDirectories(directory, path)
      else if (header.type === 'file') await writeFile(directory, path, header, entry)
      else throw new Failure(`the archive's entry ${header.name} is a ${header.type}`)
      entry.resume()
    }
  } finally {
    reader.destroy()
  }
  await fed
  for (const { path, target } of links) {
    await makeDirectories(directory, dirname(path))
    await makeRoom(path)
    await symlink(target, path)
  }
}

async function feed(reader: Extract, archive: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const chunk of archive) {
      if (reader.destroying) return
      if (reader.write(chunk)) continue
      await new Promise<void>((resolve) => {
        const goOn = () => {
          reader.off('drain', goOn).off('close', goOn)
          resolve()
        }
        reader.on('drain', goOn).on('close', goOn)
      })
    }
    reader.end(null)
  } catch (error) {
    reader.destroy(error instanceof Error ? error : new Error(String(error)))
  }
}

/** @throws Failure for a name that leads elsewhere */
function stepsOf(name: string): string[] {
  const steps = name.split('/').filter((step) => step !== '' && step !== '.')
  if (name.startsWith('/') || steps.includes('..') || name.includes('\0')) {
    throw new Failure(`the archive's entry ${JSON.stringify(name)} leads out of it`)
  }
  return steps
}

/** Makes what is missing from `top` down to `path`; refuses to go through what is no directory itself. */
async function makeDirectories(top: string, path: string): Promise<void> {
  if (path === top) return
  await makeDirectories(top, dirname(path))
  const there = await lstat(path).catch(() => undefined)
  if (there === undefined) await mkdir(path)
  else if (!there.isDirectory()) throw new Failure(`${path} is in the way: it is no directory`)
}

async function makeRoom(path: string): Promise<void> {
  const there = await lstat(path).catch(() => undefined)
  if (there?.isDirectory()) throw new Failure(`${path} is in the way: it is a directory`)
  if (there !== undefined) await rm(path)
}

async function writeFile(
  top: string,
  path: string,
  { mode, mtime }: Header,
  content: AsyncIterable<unknown>,
): Promise<void> {
  await makeDirectories(top, dirname(path))
  await makeRoom(path)
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
  const file = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  try {
    for await (const chunk of content) if (chunk instanceof Uint8Array) await file.writeFile(chunk)
  } finally {
    await file.close()
  }
  await chmod(path, (mode ?? 0o644) & 0o777)
  if (mtime !== undefined) await utimes(path, mtime, mtime)
}
