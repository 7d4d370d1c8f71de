import { once } from 'node:events'
import { createReadStream, type Stats } from 'node:fs'
import { lstat, readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pack } from 'tar-stream'

/** A file that became shorter while it was read is filled up with these, as GNU tar does. */
const zeros = new Uint8Array(64 * 1024)

/**
 * A tar of what is in a local directory, made as it is read. Links are kept as links; pipes, sockets and devices
 * are left out, and said to be.
 */
export async function* packDirectory(
  directory: string,
  leftOut: (path: string) => void,
): AsyncGenerator<Uint8Array> {
  const tar = await import('tar-stream')
  const pack = tar.pack()
  const written = writeDirectory(pack, directory, '', leftOut).then(
    () => pack.finalize(),
    (error: Error) => pack.destroy(error),
  )
  for await (const chunk of pack) if (chunk instanceof Uint8Array) yield chunk
  await written
}

async function writeDirectory(
  pack: Pack,
  directory: string,
  prefix: string,
  leftOut: (path: string) => void,
): Promise<void> {
  for (const name of (await readdir(directory)).toSorted()) {
    const path = join(directory, name)
    const stat = await lstat(path)
    const header = { name: `${prefix}${name}`, mode: stat.mode & 0o777, mtime: stat.mtime }
    if (stat.isDirectory()) {
      pack.entry({ ...header, name: `${header.name}/`, type: 'directory' })
      await writeDirectory(pack, path, `${header.name}/`, leftOut)
    } else if (stat.isSymbolicLink()) {
      pack.entry({ ...header, type: 'symlink', linkname: await readlink(path) })
    } else if (stat.isFile()) await writeFile(pack, path, header, stat)
    else leftOut(path)
  }
}

async function writeFile(
  pack: Pack,
  path: string,
  header: { name: string; mode: number; mtime: Date },
  { size }: Stats,
): Promise<void> {
  const entry = pack.entry({ ...header, size })
  const put = async (bytes: Uint8Array) => {
    if (!entry.write(bytes)) await once(entry, 'drain')
  }
  let left = size
  if (size > 0) {
    for await (const chunk of createReadStream(path, { end: size - 1 })) {
      left -= chunk.length
      await put(chunk)
    }
  }
  for (; left > 0; left -= Math.min(left, zeros.length)) await put(zeros.subarray(0, left))
  entry.end(null)
}
