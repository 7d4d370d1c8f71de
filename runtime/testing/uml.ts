import { spawn } from 'node:child_process'
import koffi from 'koffi'
import { check } from '../linux/libc.js'

const libc = koffi.load('libc.so.6')
const filterProgram = koffi.struct({ length: 'ushort', filter: 'void *' })
const sysSeccomp = libc.func('syscall', 'long', ['long', 'uint', 'uint', koffi.pointer(filterProgram)])

/**
 * User-mode Linux saves the floating point registers of its processes in a buffer that knows nothing later than
 * AVX, and the kernel refuses it where the processor has more (AVX-512, AMX: "ptrace set fp regs failed").
 * When the kernel has no such registers at all to give, it falls back to SSE: so this thread, and with it what
 * it starts, is told that there are none.
 */
function hideExtendedRegisters(): void {
  const [load, jumpIfEqual, answer] = [0x20, 0x15, 0x06]
  const [atNumber, atRequest, atRegisters] = [0, 16, 32]
  const instructions = [
    [load, 0, 0, atNumber],
    [jumpIfEqual, 0, 5, 101], // ptrace
    [load, 0, 0, atRequest],
    [jumpIfEqual, 0, 3, 0x4204], // PTRACE_GETREGSET
    [load, 0, 0, atRegisters],
    [jumpIfEqual, 0, 1, 0x202], // NT_X86_XSTATE
    [answer, 0, 0, 0x00050005], // SECCOMP_RET_ERRNO, EIO
    [answer, 0, 0, 0x7fff0000], // SECCOMP_RET_ALLOW
  ] as const
  const filter = Buffer.alloc(8 * instructions.length)
  for (const [i, [code, yes, no, value]] of instructions.entries()) {
    filter.writeUInt16LE(code, 8 * i)
    filter.writeUInt8(yes, 8 * i + 2)
    filter.writeUInt8(no, 8 * i + 3)
    filter.writeUInt32LE(value, 8 * i + 4)
  }
  const [seccomp, setModeFilter] = [317, 1]
  check(
    sysSeccomp(seccomp, setModeFilter, 0, { length: instructions.length, filter }),
    'seccomp',
    'for ptrace',
  )
}

/**
 * With only SSE kept across a page fault, nothing inside may use more: the C library is told so, and V8 does not
 * of itself. Whoever starts a program with an environment of its own must pass this on.
 */
export const guestEnvironment = {
  GLIBC_TUNABLES: `glibc.cpu.hwcaps=${['AVX', 'AVX2', 'AVX512F', 'AVX512VL', 'AVX512BW', 'AVX_Fast_Unaligned_Load', 'ERMS', 'FSRM', 'XSAVE', 'XSAVEC'].map((name) => `-${name}`).join(',')}`,
  SIMDUTF_FORCE_IMPLEMENTATION: 'westmere',
} as const

/** What a guest printed, and whether it was switched off by itself. */
export interface Guest {
  readonly output: string
  readonly finished: boolean
}

/**
 * Boots user-mode Linux: another kernel as an ordinary process, with this machine's files as its root, read-only,
 * and runs `script` with this Node as its first process. It has no network.
 *
 * @param disk a file that is its block device /dev/ubda
 * @param withinMs after that it is killed
 */
export async function bootGuest(options: {
  script: string
  disk: string
  env: Readonly<Record<string, string>>
  memoryMiB: number
  withinMs: number
}): Promise<Guest> {
  hideExtendedRegisters()
  const env = Object.entries({ ...guestEnvironment, ...options.env }).map(
    ([name, value]) => `${name}=${value}`,
  )
  const child = spawn(
    'linux.uml',
    [
      ...['rootfstype=hostfs', 'rootflags=/', 'ro', `mem=${options.memoryMiB}M`, `ubd0=${options.disk}`],
      ...['con=null', 'con0=null,fd:1', 'quiet', 'panic=-1', ...env],
      ...[`init=${process.execPath}`, '--', options.script],
    ],
    // A group of its own: the guest's processes are processes of this machine too.
    { stdio: ['ignore', 'pipe', 'inherit'], detached: true },
  )
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const end = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    } catch {
      // ESRCH: all of them have ended
    }
  }
  const late = setTimeout(end, options.withinMs)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  clearTimeout(late)
  end()
  return { output, finished: code === 0 }
}
