import { type BigIntStats, readlinkSync } from 'node:fs'
import { type FileEntry, pathText } from '../../protocol/api/index.js'
import { etagOf } from './etag.js'
import type { FilesRoot, PathHandle } from './root.js'

/** The end of the year 9999: a tenant sets any time it likes, also one that no date of ours can hold. */
const lastDateMs = 253_402_300_799_999

/** An entry of a directory as people see it; `path` as bytes. */
export function entryOf(
  root: FilesRoot,
  directory: PathHandle,
  name: Buffer,
  path: Buffer,
  stat: BigIntStats,
): FileEntry {
  const link = stat.isSymbolicLink()
  return {
    ...entryOfStat(root, name, path, stat),
    target: link ? targetOf(directory.path(name)) : null,
  }
}

/** The same for what is no link. */
export function entryOfStat(root: FilesRoot, name: Buffer, path: Buffer, stat: BigIntStats): FileEntry {
  const type = stat.isFile()
    ? 'file'
    : stat.isDirectory()
      ? 'directory'
      : stat.isSymbolicLink()
        ? 'symlink'
        : 'other'
  return {
    ...{
      path: pathText(path),
      name: pathText(name),
      type,
      sizeBytes: Number(stat.size),
      mode: (Number(stat.mode) & 0o7777).toString(8).padStart(3, '0'),
    },
    ...{ uid: root.inside(Number(stat.uid)), gid: root.inside(Number(stat.gid)) },
    modifiedAt: new Date(Math.max(0, Math.min(lastDateMs, Number(stat.mtimeMs)))).toISOString(),
    target: null,
    etag: etagOf(stat) ?? null,
  }
}

/** What a link says; one that was swapped for something else meanwhile says nothing. */
function targetOf(link: Buffer): string | null {
  try {
    return pathText(readlinkSync(link, { encoding: 'buffer' }))
  } catch {
    return null
  }
}
