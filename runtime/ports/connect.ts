import { closeSync, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { RuntimeRefusal } from '../errors.js'
import { connectNow, SyscallError, setns, tcpSocket } from '../linux/libc.js'
import { isAlive } from '../sandbox/lifecycle.js'
import type { SandboxRecord } from '../sandbox/record.js'

const newNet = 0x40000000
/** On loopback a connection is made or refused at once, unless the backlog of the program is full. */
const connectMs = 10_000
const longestPauseMs = 100

const [inet, inet6] = [2, 10]

/** 127.0.0.1 or ::1, in that order: most programs listen on IPv4. @see ip(7), ipv6(7) */
function loopback(family: number, port: number): Buffer {
  const address = Buffer.alloc(family === inet ? 16 : 28)
  address.writeUInt16LE(family, 0)
  address.writeUInt16BE(port, 2)
  if (family === inet) address.set([127, 0, 0, 1], 4)
  else address[23] = 1
  return address
}

/**
 * Connects to a port of a sandbox, whatever address the program is bound to. The socket is made in the network namespace
 * of the sandbox and stays there, so it cannot lead to anything of the host.
 *
 * @throws RuntimeRefusal `port_unreachable` when nothing listens there, `port_timeout` when it accepts no connection
 */
export async function connectInside(sandbox: SandboxRecord, port: number): Promise<Socket> {
  const until = performance.now() + connectMs
  for (const family of [inet, inet6]) {
    const fd = socketInside(sandbox, family)
    if (fd === undefined) continue
    try {
      if (await connected(fd, loopback(family, port), until)) {
        const inside = new Socket({ fd, readable: true, writable: true, allowHalfOpen: true })
        // A keystroke or the second half of a request must not wait for the acknowledgement of the first.
        return inside.setNoDelay(true)
      }
    } catch (error) {
      closeSync(fd)
      throw error
    }
    closeSync(fd)
  }
  throw new RuntimeRefusal('port_unreachable', `nothing listens on port ${port} of the sandbox`)
}

/** @returns false when it was refused */
async function connected(fd: number, address: Buffer, until: number): Promise<boolean> {
  for (let pauseMs = 1; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    const error = connectNow(fd, address)
    if (error === undefined) return true
    if (error !== 'EINPROGRESS' && error !== 'EALREADY') return false
    if (performance.now() > until) {
      throw new RuntimeRefusal('port_timeout', 'the program that listens there accepts no connection')
    }
    await sleep(pauseMs)
  }
}

/**
 * A socket belongs to the namespace in which it was made: this thread visits it for that one call.
 * @returns undefined when there is no IPv6
 */
function socketInside(sandbox: SandboxRecord, family: number): number | undefined {
  const own = openSync('/proc/thread-self/ns/net', 'r')
  try {
    const theirs = openSync(`/proc/${sandbox.init?.pid}/ns/net`, 'r')
    try {
      // A number may have got to another process before the file was opened, but not while this one lives.
      if (!isAlive(sandbox)) throw new RuntimeRefusal('sandbox_not_running', 'the sandbox has just ended')
      setns(theirs, newNet)
      return tcpSocket(family)
    } catch (error) {
      if (error instanceof SyscallError && error.code === 'EAFNOSUPPORT') return undefined
      throw error
    } finally {
      setns(own, newNet)
      closeSync(theirs)
    }
  } finally {
    closeSync(own)
  }
}
