import koffi from 'koffi'
import { check, ioctl } from './libc.js'

/**
 * What the process host asks of the kernel beyond Node: receiving a descriptor, sizing a terminal, and reading
 * and writing one without waiting. Nothing here blocks.
 */
const libc = koffi.load('libc.so.6')
const libcSocket = libc.func('socket', 'int', ['int', 'int', 'int'])
const libcBind = libc.func('bind', 'int', ['int', 'void *', 'uint'])
const libcListen = libc.func('listen', 'int', ['int', 'int'])
const libcAccept4 = libc.func('accept4', 'int', ['int', 'void *', 'void *', 'int'])
const iovec = koffi.struct({ base: 'void *', length: 'size_t' })
const msghdr = koffi.struct({
  name: 'void *',
  nameLength: 'uint',
  iov: koffi.pointer(iovec),
  iovLength: 'size_t',
  control: 'void *',
  controlLength: 'size_t',
  flags: 'int',
})
const libcRecvmsg = libc.func('recvmsg', 'intptr_t', ['int', koffi.pointer(msghdr), 'int'])
const libcFcntl = libc.func('fcntl', 'int', ['int', 'int', 'int'])
const libcWrite = libc.func('write', 'intptr_t', ['int', 'void *', 'size_t'])

const afUnix = 1
const sockStream = 1
const sockNonblock = 0o4000
const sockCloexec = 0o2000000

/** A listening unix socket as a bare descriptor, because Node's own sockets cannot receive descriptors. */
export function listenUnix(path: string): number {
  const address = Buffer.alloc(110)
  address.writeUInt16LE(afUnix, 0)
  // One byte stays for the NUL that ends the path.
  if (address.write(path, 2, 107) !== Buffer.byteLength(path))
    throw new RangeError(`socket path ${path} is too long`)
  const fd = check(libcSocket(afUnix, sockStream | sockNonblock | sockCloexec, 0), 'socket', path)
  check(libcBind(fd, address, address.length), 'bind', path)
  check(libcListen(fd, 1), 'listen', path)
  return fd
}

/** @throws SyscallError EAGAIN when nobody has connected yet */
export function accept(fd: number): number {
  return check(libcAccept4(fd, null, null, sockNonblock | sockCloexec), 'accept4', 'the console socket')
}

/**
 * Takes the descriptor that waits in a connected unix socket (SCM_RIGHTS).
 * @throws SyscallError EAGAIN when nothing waits
 */
export function receiveDescriptor(fd: number): number {
  const text = Buffer.alloc(256)
  // struct cmsghdr {size_t len; int level; int type}, then the descriptor, padded to eight bytes.
  const control = Buffer.alloc(24)
  const message = {
    name: null,
    nameLength: 0,
    iov: { base: text, length: text.length },
    iovLength: 1,
    control,
    controlLength: control.length,
    flags: 0,
  }
  const cmsgCloexec = 0x40000000
  check(libcRecvmsg(fd, message, cmsgCloexec), 'recvmsg', 'on the console socket')
  const headerWithOneDescriptor = 20
  if (control.readBigUInt64LE(0) !== BigInt(headerWithOneDescriptor)) {
    throw new Error('the console socket sent no descriptor')
  }
  return control.readInt32LE(16)
}

/** Tells the kernel the size; it sends SIGWINCH to the program in front when it changed. @see tty_ioctl(4) */
export function setWindowSize(fd: number, cols: number, rows: number): void {
  const tiocswinsz = 0x5414
  const winsize = Buffer.alloc(8)
  winsize.writeUInt16LE(rows, 0)
  winsize.writeUInt16LE(cols, 2)
  ioctl(fd, tiocswinsz, winsize, 'TIOCSWINSZ')
}

/** Makes reads and writes on a descriptor return at once. @see F_SETFL(2const) */
export function setNonblocking(fd: number): void {
  const [getFlags, setFlags, nonblock] = [3, 4, 0o4000]
  const flags = check(libcFcntl(fd, getFlags, 0), 'fcntl', 'F_GETFL')
  check(libcFcntl(fd, setFlags, flags | nonblock), 'fcntl', 'F_SETFL')
}

/** @returns how many of the bytes were taken; 0 when there is no room now, or nobody is there to read them */
export function writeNow(fd: number, bytes: Buffer): number {
  return Math.max(0, libcWrite(fd, bytes, bytes.length))
}
