import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, constants, createReadStream, openSync, writeSync } from 'node:fs'
import { ioctl } from '../runtime/linux/libc.js'
import { setWindowSize } from '../runtime/terminal/syscalls.js'

/** From `asm-generic/ioctls.h`. */
const tiocgptn = 0x80045430
const tiocsptlck = 0x40045431

/** A program on a pseudo-terminal of this machine, as a person's terminal would start it. */
export interface OnPty {
  /** All that it has shown so far. */
  readonly shown: string
  readonly child: ChildProcess
  /** Resolves with its exit code. */
  readonly exit: Promise<number | null>
  type(text: string): void
  resize(cols: number, rows: number): void
}

/** Starts a program as the leader of a session whose controlling terminal is 80 columns by 24 lines. */
export function startOnPty(program: string, args: readonly string[], env: NodeJS.ProcessEnv): OnPty {
  const { O_RDWR, O_NOCTTY } = constants
  const master = openSync('/dev/ptmx', O_RDWR | O_NOCTTY)
  ioctl(master, tiocsptlck, Buffer.alloc(4), 'TIOCSPTLCK')
  const number = Buffer.alloc(4)
  ioctl(master, tiocgptn, number, 'TIOCGPTN')
  setWindowSize(master, 80, 24)
  const slave = openSync(`/dev/pts/${number.readInt32LE()}`, O_RDWR | O_NOCTTY)
  const child = spawn('setsid', ['--ctty', '--wait', program, ...args], { env, stdio: [slave, slave, slave] })
  closeSync(slave)
  let shown = ''
  // Reading fails with EIO when nobody has the other end any more: that is its end.
  createReadStream('', { fd: master })
    .on('data', (chunk) => {
      shown += chunk.toString()
    })
    .on('error', () => {})
  return {
    get shown() {
      return shown
    },
    child,
    exit: new Promise((resolve) => child.once('close', resolve)),
    type: (text) => void writeSync(master, text),
    resize: (cols, rows) => setWindowSize(master, cols, rows),
  }
}
