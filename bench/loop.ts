import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

/** How long the event loop of a process was busy without a pause. */
const seen = z.object({
  /** The longest such time, without what the process waited for a processor, in milliseconds. */
  longestMs: z.number(),
  /** With that. */
  longestWallMs: z.number(),
  /** How many were longer than 10 ms. */
  over10Ms: z.number(),
})

/** Watches the event loop of a Node.js process from outside, by the inspector that SIGUSR1 opens in it. */
export interface LoopWatch extends Disposable {
  /** What was seen since this was asked last. */
  take(): Promise<z.infer<typeof seen>>
}

export async function watchLoop(pid: number): Promise<LoopWatch> {
  const probe = fileURLToPath(new URL('./loop-probe.js', import.meta.url))
  const program = [process.execPath, '--experimental-websocket', '--no-warnings', probe, String(pid)]
  const child = spawn('nsenter', [`--net=/proc/${pid}/ns/net`, ...program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const line = async () => {
    const { value, done } = await lines.next()
    if (done === true) throw new Error(`the event loop of ${pid} cannot be watched`)
    return String(value)
  }
  await line()
  return {
    take: async () => {
      child.stdin.write('\n')
      return seen.parse(JSON.parse(await line()))
    },
    [Symbol.dispose]: () => void child.stdin.end(),
  }
}
