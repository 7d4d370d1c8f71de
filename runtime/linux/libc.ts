import { closeSync, writeSync } from 'node:fs'
import { constants } from 'node:os'
import koffi from 'koffi'

/**
 * The system calls that Node has no name for, through FFI. Everything here runs on the calling thread and
 * takes microseconds; nothing here may block.
 */
const libc = koffi.load('libc.so.6')

/** A system call that the kernel refused. */
export class SyscallError extends Error {
  override readonly name = 'SyscallError'
  constructor(
    readonly call: string,
    readonly code: string,
    detail: string,
  ) {
    super(`${call} ${detail}: ${code}`)
  }
}

// Backwards, so that of two names for one number the usual one stays: EAGAIN, not EWOULDBLOCK.
const codeOf = new Map(
  Object.entries(constants.errno)
    .reverse()
    .map(([name, number]) => [number, name]),
)

/** `ENOENT` for 2, and so on. */
export const errnoName = (errno: number): string => codeOf.get(errno) ?? `errno ${errno}`

/** Passes a result on, or throws what errno says. */
export function check(result: number, call: string, detail: string): number {
  if (result >= 0) return result
  const errno = koffi.errno()
  throw new SyscallError(call, errnoName(errno), detail)
}

// Numbers above 423 are the same on every architecture; see include/uapi/asm-generic/unistd.h.
const nr = {
  ...{
    openTree: 428,
    moveMount: 429,
    fsopen: 430,
    fsconfig: 431,
    fsmount: 432,
    fspick: 433,
    openat2: 437,
    mountSetattr: 442,
  },
} as const

const sysOpenTree = libc.func('syscall', 'long', ['long', 'int', 'str', 'uint'])
const sysMoveMount = libc.func('syscall', 'long', ['long', 'int', 'str', 'int', 'str', 'uint'])
const sysMountSetattr = libc.func('syscall', 'long', ['long', 'int', 'str', 'uint', 'void *', 'size_t'])
const sysOpenat2 = libc.func('syscall', 'long', ['long', 'int', 'void *', 'void *', 'size_t'])
const sysFsopen = libc.func('syscall', 'long', ['long', 'str', 'uint'])
const sysFsconfig = libc.func('syscall', 'long', ['long', 'int', 'uint', 'void *', 'void *', 'int'])
const sysFspick = libc.func('syscall', 'long', ['long', 'int', 'str', 'uint'])
const sysFsmount = libc.func('syscall', 'long', ['long', 'int', 'uint', 'uint'])
const libcMount = libc.func('mount', 'int', ['str', 'str', 'str', 'ulong', 'str'])
const libcUmount2 = libc.func('umount2', 'int', ['str', 'int'])
const libcIoctl = libc.func('ioctl', 'int', ['int', 'ulong', 'void *'])
const libcSetns = libc.func('setns', 'int', ['int', 'int'])
const libcFlock = libc.func('flock', 'int', ['int', 'int'])
const libcSethostname = libc.func('sethostname', 'int', ['str', 'size_t'])

const atFdcwd = -100

/** @see open_tree(2) */
export function openTree(path: string, flags: number): number {
  return check(sysOpenTree(nr.openTree, atFdcwd, path, flags), 'open_tree', path)
}

/** Attaches the mount that `fd` holds at `target`. @see move_mount(2) */
export function moveMount(fd: number, target: string): void {
  const fromEmptyPath = 4
  check(sysMoveMount(nr.moveMount, fd, '', atFdcwd, target, fromEmptyPath), 'move_mount', target)
}

/** The same, at a directory that is open already: whatever its name leads to by now. */
export function moveMountOnto(fd: number, directory: number): void {
  const emptyPaths = 4 | 0x40
  check(
    sysMoveMount(nr.moveMount, fd, '', directory, '', emptyPaths),
    'move_mount',
    `on descriptor ${directory}`,
  )
}

/** @see mount_setattr(2) */
export function mountSetattr(
  fd: number,
  attr: { set: bigint; clear?: bigint; propagation: bigint; usernsFd: number },
): void {
  const emptyPath = 0x1000
  const struct = new BigUint64Array([attr.set, attr.clear ?? 0n, attr.propagation, BigInt(attr.usernsFd)])
  check(
    sysMountSetattr(nr.mountSetattr, fd, '', emptyPath, struct, struct.byteLength),
    'mount_setattr',
    `on descriptor ${fd}`,
  )
}

/**
 * A proc file system of its own, mounted nowhere. @see fsopen(2), fsmount(2)
 * @returns its root, a descriptor that is not inherited; it goes with that
 */
export function mountProc(): number {
  const [closeOnExec, create] = [1, 6]
  const context = check(sysFsopen(nr.fsopen, 'proc', closeOnExec), 'fsopen', 'proc')
  try {
    check(sysFsconfig(nr.fsconfig, context, create, null, null, 0), 'fsconfig', 'proc')
    return check(sysFsmount(nr.fsmount, context, closeOnExec, 0), 'fsmount', 'proc')
  } finally {
    closeSync(context)
  }
}

/**
 * Changes settings of a mounted file system, whatever mount namespace it is in.
 * @param fd of its root
 * @throws SyscallError `EINVAL` when the file system refuses a value
 * @see fspick(2), fsconfig(2)
 */
export function reconfigure(fd: number, settings: Readonly<Record<string, string>>): void {
  const [closeOnExec, emptyPath, setString, reconfigureNow] = [1, 8, 1, 7]
  const context = check(sysFspick(nr.fspick, fd, '', closeOnExec | emptyPath), 'fspick', `descriptor ${fd}`)
  try {
    for (const [name, value] of Object.entries(settings)) {
      const [key, text] = [Buffer.from(`${name}\0`), Buffer.from(`${value}\0`)]
      check(sysFsconfig(nr.fsconfig, context, setString, key, text, 0), 'fsconfig', name)
    }
    check(sysFsconfig(nr.fsconfig, context, reconfigureNow, null, null, 0), 'fsconfig', 'reconfigure')
  } finally {
    closeSync(context)
  }
}

/** @see mount(2) */
export function mount(source: string, target: string, type: string, flags: number, options: string): void {
  check(libcMount(source, target, type, flags, options), 'mount', `${type} at ${target}`)
}

/** @see umount2(2) */
export function umountDetach(target: string): void {
  const detach = 2
  check(libcUmount2(target, detach), 'umount2', target)
}

/** The same on another thread: the kernel waits for a grace period, milliseconds when processors are busy. */
export function umountDetachWaiting(target: string): Promise<void> {
  const detach = 2
  return new Promise((resolve, reject) => {
    libcUmount2.async(target, detach, (error: Error | null, result: number) => {
      if (error === null && result === 0) resolve()
      else reject(error ?? new SyscallError('umount2', 'EINVAL', target))
    })
  })
}

/**
 * @param path bytes, since a file name need not be UTF-8
 * @see openat2(2)
 */
export function openat2(
  dirFd: number,
  path: string | Buffer,
  how: { flags: number; mode: number; resolve: number },
): number {
  const struct = new BigUint64Array([BigInt(how.flags), BigInt(how.mode), BigInt(how.resolve)])
  const bytes = Buffer.concat([Buffer.from(path), Buffer.from([0])])
  return check(sysOpenat2(nr.openat2, dirFd, bytes, struct, struct.byteLength), 'openat2', path.toString())
}

/** @param argument is read and written by the kernel */
export function ioctl(fd: number, request: number, argument: Buffer, name: string): void {
  check(libcIoctl(fd, request, argument), 'ioctl', name)
}

/** The same on another thread, for what the kernel waits for the disk with. */
export async function ioctlWaiting(
  fd: number,
  request: number,
  argument: Buffer,
  name: string,
): Promise<void> {
  const result = await new Promise<number>((resolve, reject) => {
    libcIoctl.async(fd, request, argument, (error: Error | null, answer: number) => {
      if (error === null) resolve(answer)
      else reject(error)
    })
  })
  // Why it failed is known to that thread only: tried again here, it fails for the same reason, or works.
  if (result < 0) ioctl(fd, request, argument, name)
}

const libcRenameat2 = libc.func('renameat2', 'int', ['int', 'str', 'int', 'str', 'uint'])

/** Lets two files or directories change places, at once. @see renameat2(2), RENAME_EXCHANGE */
export function exchange(one: string, other: string): void {
  check(libcRenameat2(atFdcwd, one, atFdcwd, other, 2), 'renameat2', `${one} ${other}`)
}

/** Moves the calling thread into the namespace that `fd` holds. @see setns(2) */
export function setns(fd: number, type: number): void {
  check(libcSetns(fd, type), 'setns', `on descriptor ${fd}`)
}

const libcUnshare = libc.func('unshare', 'int', ['int'])

/** Gives the calling thread a root and working directory of its own, so that it may enter mount namespaces. @see unshare(2) */
export function unshareFs(): void {
  const cloneFs = 0x200
  check(libcUnshare(cloneFs), 'unshare', 'CLONE_FS')
}

/** Names the UTS namespace that the calling thread is in. */
export function sethostname(name: string): void {
  check(libcSethostname(name, Buffer.byteLength(name)), 'sethostname', name)
}

/**
 * Takes the lock of an open file without waiting: alone, or with others that share it; the kernel lets go of it when the file is closed or
 * its process dies. @see flock(2)
 * @returns whether it is ours now
 */
export function flockNow(fd: number, mode: 'exclusive' | 'shared' = 'exclusive'): boolean {
  const [shared, exclusive, nonBlocking] = [1, 2, 4]
  if (libcFlock(fd, (mode === 'shared' ? shared : exclusive) | nonBlocking) === 0) return true
  if (koffi.errno() === constants.errno.EWOULDBLOCK) return false
  check(-1, 'flock', `on descriptor ${fd}`)
  return false
}

const libcMkfifo = libc.func('mkfifo', 'int', ['str', 'uint'])
const libcPipe2 = libc.func('pipe2', 'int', ['void *', 'int'])
const libcPrctl = libc.func('prctl', 'int', ['int', 'ulong', 'ulong', 'ulong', 'ulong'])
const libcWaitpid = libc.func('waitpid', 'int', ['int', 'void *', 'int'])

/** @see mkfifo(3) */
export function mkfifo(path: string, mode: number): void {
  check(libcMkfifo(path, mode), 'mkfifo', path)
}

/**
 * A pipe whose ends are not inherited. Node's own `stdio: 'pipe'` is a socket, on which a program inside
 * cannot open `/dev/stdout`.
 */
export function pipe(): { readEnd: number; writeEnd: number } {
  const closeOnExec = 0o2000000
  const ends = new Int32Array(2)
  check(libcPipe2(ends, closeOnExec), 'pipe2', '')
  const [readEnd = -1, writeEnd = -1] = ends
  return { readEnd, writeEnd }
}

/**
 * Runs `act` with another timer slack of this thread: what it starts inherits it. 0 is this thread's default.
 * @see prctl(2), PR_SET_TIMERSLACK
 */
export function withTimerSlack<T>(nanoseconds: number, act: () => T): T {
  const setTimerSlack = 29
  check(libcPrctl(setTimerSlack, nanoseconds, 0, 0, 0), 'prctl', 'PR_SET_TIMERSLACK')
  try {
    return act()
  } finally {
    libcPrctl(setTimerSlack, 0, 0, 0, 0)
  }
}

/** Whether orphans among this process's descendants become its own children. @see PR_SET_CHILD_SUBREAPER(2const) */
export function setSubreaper(on: boolean): void {
  check(libcPrctl(36, on ? 1 : 0, 0, 0, 0), 'prctl', 'PR_SET_CHILD_SUBREAPER')
}

/** @returns the wait status of a child that has ended, or undefined while it runs */
export function waitpidNow(pid: number): number | undefined {
  const noHang = 1
  const status = new Int32Array(1)
  const waited = check(libcWaitpid(pid, status, noHang), 'waitpid', String(pid))
  return waited === 0 ? undefined : (status[0] ?? 0)
}

const libcWaitid = libc.func('waitid', 'int', ['int', 'uint', 'void *', 'int'])

/** @returns one of our children that has ended and that nobody has waited for yet; it stays so. @see waitid(2) */
export function deadChild(): number | undefined {
  const [anyChild, noHang, exited, leave] = [0, 1, 4, 0x0100_0000]
  const siginfo = Buffer.alloc(128)
  // ECHILD, without any child, is no error here.
  if (libcWaitid(anyChild, 0, siginfo, noHang | exited | leave) < 0) return undefined
  const pidOffset = 16
  return siginfo.readInt32LE(pidOffset) || undefined
}

const libcSocket = libc.func('socket', 'int', ['int', 'int', 'int'])
const libcSend = libc.func('send', 'long', ['int', 'void *', 'size_t', 'int'])
const libcRecv = libc.func('recv', 'long', ['int', 'void *', 'size_t', 'int'])

/** A socket for rtnetlink(7), which belongs to the network namespace that the calling thread is in. */
export function routeSocket(): number {
  const [afNetlink, rawCloexec, netlinkRoute] = [16, 3 | 0o2000000, 0]
  return check(libcSocket(afNetlink, rawCloexec, netlinkRoute), 'socket', 'AF_NETLINK')
}

/** Sends on another thread: the kernel may keep whoever asks for a change of its network waiting. */
export function sendWaiting(fd: number, message: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    libcSend.async(fd, message, message.length, 0, (error: Error | null, sent: number) => {
      if (error === null && sent === message.length) resolve()
      else reject(error ?? new SyscallError('send', 'EIO', `on descriptor ${fd}`))
    })
  })
}

/** Sends on this thread: for what the kernel answers at once. */
export function sendNow(fd: number, message: Buffer): void {
  check(libcSend(fd, message, message.length, 0), 'send', `on descriptor ${fd}`)
}

/** One message that is there already. @returns its length */
export function receiveNow(fd: number, into: Buffer): number {
  const dontWait = 0x40
  return check(libcRecv(fd, into, into.length, dontWait), 'recv', `on descriptor ${fd}`)
}

const libcConnect = libc.func('connect', 'int', ['int', 'void *', 'uint'])

/**
 * A TCP socket that does not block and is not inherited. It belongs to the network namespace that the calling thread is in.
 * @throws SyscallError `EAFNOSUPPORT` where there is no IPv6
 */
export function tcpSocket(family: number): number {
  const [stream, nonBlocking, closeOnExec] = [1, 0o4000, 0o2000000]
  return check(libcSocket(family, stream | nonBlocking | closeOnExec, 0), 'socket', `of family ${family}`)
}

/**
 * Begins to connect a socket that does not block, or asks how it goes. @see connect(2)
 * @returns the name of the error, such as `EINPROGRESS`; undefined when it is connected
 */
export function connectNow(fd: number, address: Buffer): string | undefined {
  if (libcConnect(fd, address, address.length) === 0) return undefined
  const name = errnoName(koffi.errno())
  return name === 'EISCONN' ? undefined : name
}

const libcFallocate = libc.func('fallocate', 'int', ['int', 'int', 'int64', 'int64'])

/** Gives a range of a file room on its file system, from its start on by default. @see fallocate(2) */
export function fallocate(fd: number, bytes: number, offset = 0): void {
  check(libcFallocate(fd, 0, offset, bytes), 'fallocate', `on descriptor ${fd}`)
}

const libcMemfdCreate = libc.func('memfd_create', 'int', ['str', 'uint'])
const libcFcntl = libc.func('fcntl', 'int', ['int', 'int', 'int'])

/**
 * A file in memory, which goes with its last descriptor. @see memfd_create(2)
 * @returns its descriptor, which is not inherited
 */
export function memoryFile(name: string, content: Buffer | string = ''): number {
  const [closeOnExec, allowSealing] = [1, 2]
  const fd = check(libcMemfdCreate(name, closeOnExec | allowSealing), 'memfd_create', name)
  for (let bytes = Buffer.from(content), at = 0; at < bytes.length; ) {
    at += writeSync(fd, bytes, at, bytes.length - at, at)
  }
  return fd
}

/** Makes sure that a file in memory is never changed again. */
export function seal(fd: number): void {
  const addSeals = 1033
  const sealShrinkGrowWrite = 1 | 2 | 4 | 8
  check(libcFcntl(fd, addSeals, sealShrinkGrowWrite), 'fcntl', `on descriptor ${fd}`)
}
