import { closeSync, constants, lstatSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PathHandle } from '../files/root.js'
import { tryEnter } from '../files/tree.js'
import { setns } from '../linux/libc.js'
import { filesOf } from '../sandbox/files.js'
import { type NodeContext, volumeOf } from '../sandbox/node.js'
import type { SandboxRecord } from '../sandbox/record.js'

/** More than this on a disk takes longer to compare than a fresh sandbox takes to make. */
const entriesMax = 1500
const newIpc = 0x08000000
const none: ReadonlySet<string> = new Set()
/** Places in memory that a program can write to. */
const inMemory = ['/dev/shm', '/dev/mqueue', '/run']

/**
 * Everything that a program can have changed in a sandbox and that outlives it, as one text: two that are equal
 * show that nothing was changed between them. It holds each inode that the disk has above its template, with the
 * time of its last change, which no program can set; what is in memory file systems; and System V objects.
 * Call it when no program runs.
 *
 * @param rewritten files of the disk of which only the inode counts: whoever asks replaces them before the next program
 * @returns undefined when there is too much to compare
 */
export function fingerprint(
  node: NodeContext,
  sandbox: SandboxRecord,
  rewritten: ReadonlySet<string> = none,
): string | undefined {
  const lines: string[] = []
  using upper = new PathHandle(openDirectory(join(volumeOf(node, sandbox), 'upper')))
  if (!scan(upper, lines, '', rewritten)) return undefined
  using root = filesOf(node, sandbox)
  for (const path of inMemory) {
    using directory = root.directory(path)
    if (!scan(directory, lines, '', none)) return undefined
  }
  if (sandbox.init !== null) lines.push(systemV(sandbox.init.pid))
  return lines.join('\n')
}

const openDirectory = (path: string) => openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)

/**
 * @param prefix where the directory is, with a slash at its end
 * @returns false when there is too much
 */
function scan(
  directory: PathHandle,
  into: string[],
  prefix: string,
  rewritten: ReadonlySet<string>,
): boolean {
  into.push(mark(directory.path(Buffer.from('.'))))
  for (const entry of readdirSync(directory.path(), { withFileTypes: true, encoding: 'latin1' })) {
    if (into.length > entriesMax) return false
    const name = Buffer.from(entry.name, 'latin1')
    const path = `${prefix}${entry.name}`
    if (!entry.isDirectory()) {
      into.push(mark(directory.path(name), entry.isFile() && rewritten.has(path)))
      continue
    }
    using inner = tryEnter(directory, name)
    if (inner !== undefined && !scan(inner, into, `${path}/`, rewritten)) return false
  }
  return true
}

function mark(path: Buffer, onlyInode = false): string {
  const { ino, ctimeNs, nlink } = lstatSync(path, { bigint: true })
  // A second name for it would be in a directory that has changed, or in one that nobody looks at.
  return onlyInode ? `${ino} ${nlink}` : `${ino} ${ctimeNs}`
}

/** Shared memory, semaphores and queues of an IPC namespace. Only this thread visits it, and only for three reads. */
function systemV(pid: number): string {
  const own = openSync('/proc/self/ns/ipc', 'r')
  const theirs = openSync(`/proc/${pid}/ns/ipc`, 'r')
  try {
    setns(theirs, newIpc)
    return ['shm', 'sem', 'msg'].map((kind) => readFileSync(`/proc/sysvipc/${kind}`, 'utf8')).join('')
  } finally {
    setns(own, newIpc)
    closeSync(own)
    closeSync(theirs)
  }
}
