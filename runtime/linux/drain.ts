import koffi from 'koffi'
import { ioctl } from './libc.js'

const libc = koffi.load('libc.so.6')
const libcRead = libc.func('read', 'intptr_t', ['int', 'void *', 'size_t'])

/** @returns how many bytes were there; 0 when none are, or never will be: the stream's own reader says which */
export function readNow(fd: number, into: Buffer): number {
  return Math.max(0, libcRead(fd, into, into.length))
}

/** Whether nothing is in a pipe and nobody can write to it any more. @param fd does not block */
export function isAtEnd(fd: number): boolean {
  return waitingBytes(fd) === 0 && libcRead(fd, Buffer.alloc(1), 1) === 0
}

/** How many bytes wait in a pipe. @see FIONREAD(2const) */
export function waitingBytes(fd: number): number {
  const fionread = 0x541b
  const count = Buffer.alloc(4)
  ioctl(fd, fionread, count, 'FIONREAD')
  return count.readInt32LE(0)
}

/**
 * Reads what is in a descriptor now, and waits for nothing: whatever a process wrote before it ended is in its pipe or
 * terminal by then, while somebody it left behind may hold the other end for ever.
 *
 * @param fd does not block
 * @param most bytes: whoever still writes must not keep the reader here
 * @param buffer is used again for each piece
 */
export function drain(fd: number, most: number, buffer: Buffer, take: (bytes: Buffer) => void): void {
  for (let left = most; left > 0; ) {
    const count = readNow(fd, buffer.subarray(0, Math.min(left, buffer.length)))
    if (count === 0) return
    take(buffer.subarray(0, count))
    left -= count
  }
}
