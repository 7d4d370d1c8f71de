import { constants } from 'node:os'
import koffi from 'koffi'
import { check } from './libc.js'

/**
 * Changes in directories, as the kernel reports them, whoever makes them and in whichever mount namespace. It costs
 * those nothing: inotify's watches are counted per user, these are the host's.
 * @see fanotify(7)
 */
const libc = koffi.load('libc.so.6')
const fanotifyInit = libc.func('fanotify_init', 'int', ['uint', 'uint'])
const fanotifyMark = libc.func('fanotify_mark', 'int', ['int', 'uint', 'uint64', 'int', 'str'])
const nameToHandleAt = libc.func('name_to_handle_at', 'int', ['int', 'str', 'void *', 'void *', 'int'])
const libcRead = libc.func('read', 'long', ['int', 'void *', 'size_t'])

/** What happened, as bits of `DirectoryEvent.mask`. */
export const happened = {
  ...{ modify: 0x2, attrib: 0x4, closeWrite: 0x8, create: 0x100, delete: 0x200 },
  ...{ moveSelf: 0x800, overflow: 0x4000 },
  ...{ rename: 0x1000_0000, onDirectory: 0x4000_0000 },
} as const
const eventOnChild = 0x0800_0000
const { modify, attrib, closeWrite, create, rename, moveSelf, onDirectory } = happened
const entryMask =
  modify | attrib | closeWrite | create | happened.delete | rename | onDirectory | eventOnChild

/** An entry of a directory: the key of the directory, and the bytes of a name as latin1; `.` is the directory itself. */
export interface EntryRef {
  readonly directory: string
  readonly name: string
}

export interface DirectoryEvent {
  readonly mask: number
  /** Where it happened; undefined of `overflow`, and of a rename that ended elsewhere. */
  readonly at: EntryRef | undefined
  /** Of a rename that began in a directory that is marked. */
  readonly from: EntryRef | undefined
}

/**
 * A group of marks with a queue of 16,384 events, which never blocks.
 * @throws SyscallError `EMFILE` when there are too many groups
 */
export function openGroup(): number {
  const [closeOnExec, nonBlocking, unlimitedMarks, reportDirectoryAndName] = [1, 2, 0x20, 0xc00]
  const flags = closeOnExec | nonBlocking | unlimitedMarks | reportDirectoryAndName
  return check(fanotifyInit(flags, 0), 'fanotify_init', '')
}

/**
 * Has changes of a directory's entries reported.
 * @param directory a descriptor, which may be an `O_PATH` one
 * @param self its own move as well
 * @throws SyscallError `EOPNOTSUPP` where the file system has no handles: overlayfs before Linux 6.6
 */
export function markDirectory(group: number, directory: number, self: boolean): void {
  const [add, onlyDirectory] = [1, 8]
  const mask = entryMask | (self ? moveSelf : 0)
  check(fanotifyMark(group, add | onlyDirectory, mask, directory, '.'), 'fanotify_mark', '')
}

const handleBytesMax = 128
const handle = Buffer.alloc(8 + handleBytesMax)
const mountId = Buffer.alloc(8)

/**
 * What names a directory in events, wherever it is moved: its file handle.
 * @param directory a descriptor
 */
export function directoryKey(directory: number): string {
  const [emptyPath, onlyToCompare] = [0x1000, 0x200]
  handle.writeUInt32LE(handleBytesMax, 0)
  const flags = emptyPath | onlyToCompare
  check(nameToHandleAt(directory, '', handle, mountId, flags), 'name_to_handle_at', '')
  return handle.toString('latin1', 4, 8 + handle.readUInt32LE(0))
}

/** @returns how many bytes of events were read, 0 when there are none */
export function readEvents(group: number, into: Buffer): number {
  const read = libcRead(group, into, into.length)
  if (read < 0 && koffi.errno() === constants.errno.EAGAIN) return 0
  return check(read, 'read', 'of events')
}

/** The events of a buffer that was read. @see struct fanotify_event_metadata */
export function* eventsIn(bytes: Buffer): Generator<DirectoryEvent> {
  for (let at = 0; at < bytes.length; ) {
    const end = at + bytes.readUInt32LE(at)
    const mask = Number(bytes.readBigUInt64LE(at + 8))
    let [target, from]: (EntryRef | undefined)[] = []
    for (let record = at + bytes.readUInt16LE(at + 6); record < end; ) {
      const [type, length] = [bytes.readUInt8(record), bytes.readUInt16LE(record + 2)]
      if (type === recordType.name || type === recordType.newName) target = refIn(bytes, record, length)
      else if (type === recordType.oldName) from = refIn(bytes, record, length)
      record += length
    }
    yield { mask, at: target, from }
    at = end
  }
}

const recordType = { name: 2, oldName: 10, newName: 12 } as const

/** @see struct fanotify_event_info_fid: the file system's id, the handle, the name */
function refIn(bytes: Buffer, record: number, length: number): EntryRef {
  const handleAt = record + 12
  const nameAt = handleAt + 8 + bytes.readUInt32LE(handleAt)
  const nameEnd = bytes.indexOf(0, nameAt)
  const end = nameEnd < 0 ? record + length : Math.min(nameEnd, record + length)
  return {
    directory: bytes.toString('latin1', handleAt + 4, nameAt),
    name: bytes.toString('latin1', nameAt, end),
  }
}
