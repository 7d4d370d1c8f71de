import { spawn } from 'node:child_process'

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
 * @param starter `uml-start.ts`, bundled
 * @param disk a file that is its block device /dev/ubda
 * @param withinMs after that it is killed
 */
export async function bootGuest(options: {
  starter: string
  script: string
  disk: string
  env: Readonly<Record<string, string>>
  memoryMiB: number
  withinMs: number
}): Promise<Guest> {
  const env = Object.entries({ ...guestEnvironment, ...options.env }).map(
    ([name, value]) => `${name}=${value}`,
  )
  const child = spawn(
    process.execPath,
    [
      ...[
        options.starter,
        'rootfstype=hostfs',
        'rootflags=/',
        'ro',
        `mem=${options.memoryMiB}M`,
        `ubd0=${options.disk}`,
      ],
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
