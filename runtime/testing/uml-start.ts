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
 * A program that starts user-mode Linux with its own arguments and ends as that does. The filter stays with whoever has
 * installed it, and with all that starts: that is to be no process of a test.
 */
hideExtendedRegisters()
const child = spawn('linux.uml', process.argv.slice(2), { stdio: 'inherit' })
process.exitCode = await new Promise<number>((resolve, reject) => {
  child.once('error', reject)
  child.once('close', (code) => resolve(code ?? 1))
})
