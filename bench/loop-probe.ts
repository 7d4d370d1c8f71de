import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'

/**
 * Watches the event loop of another Node.js process through its inspector, so that what is measured carries no code for it.
 * Started in that process's network namespace with its pid. For each line on its input it prints what was seen since the
 * line before, as JSON.
 */
const pid = Number(process.argv[2])
const answer = z.object({
  id: z.number(),
  result: z.object({ result: z.object({ value: z.unknown().optional() }) }),
})
const targets = z.array(z.object({ webSocketDebuggerUrl: z.string() }))

/**
 * Runs in the watched process. What it waited for a processor is not the loop's: the kernel counts that in schedstat.
 * @see Documentation/scheduler/sched-stats.rst
 */
const watch = `(() => {
  const { openSync, readSync } = process.getBuiltinModule('node:fs')
  const file = openSync('/proc/self/task/' + process.pid + '/schedstat')
  const buffer = Buffer.alloc(128)
  const waitedMs = () => Number(buffer.toString('latin1', 0, readSync(file, buffer, 0, 128, 0)).split(' ')[1]) / 1e6
  const seen = globalThis.watchedLoop = { longestMs: 0, longestWallMs: 0, over10Ms: 0 }
  let [at, waited] = [performance.now(), waitedMs()]
  setInterval(() => {
    const [now, total] = [performance.now(), waitedMs()]
    const wall = now - at - 1
    const own = wall - (total - waited)
    seen.longestMs = Math.max(seen.longestMs, own)
    seen.longestWallMs = Math.max(seen.longestWallMs, wall)
    if (own > 10) seen.over10Ms++
    ;[at, waited] = [now, total]
  }, 1).unref()
})()`
const take = `(() => {
  const text = JSON.stringify(watchedLoop)
  Object.assign(watchedLoop, { longestMs: 0, longestWallMs: 0, over10Ms: 0 })
  return text
})()`

process.kill(pid, 'SIGUSR1')
const socket = new WebSocket(await inspector())
await new Promise((resolve, reject) => {
  socket.addEventListener('open', resolve)
  socket.addEventListener('error', () => reject(new Error(`the inspector of ${pid} cannot be reached`)))
})
let calls = 0
await evaluate(watch)
console.log('{}')
for await (const _ of createInterface({ input: process.stdin })) console.log(await evaluate(take))
socket.close()

/** Opened by the signal, some milliseconds later. */
async function inspector(): Promise<string> {
  for (let tries = 0; ; tries++) {
    try {
      const response = await fetch('http://127.0.0.1:9229/json/list')
      const [first] = targets.parse(await response.json())
      if (first !== undefined) return first.webSocketDebuggerUrl
    } catch (error) {
      if (tries > 100) throw error
    }
    await sleep(20)
  }
}

function evaluate(expression: string): Promise<unknown> {
  const id = ++calls
  const answered = new Promise<unknown>((resolve) => {
    const hear = (event: MessageEvent) => {
      const message = answer.safeParse(JSON.parse(String(event.data))).data
      if (message?.id !== id) return
      socket.removeEventListener('message', hear)
      resolve(message.result.result.value)
    }
    socket.addEventListener('message', hear)
  })
  socket.send(JSON.stringify({ id, method: 'Runtime.evaluate', params: { expression, returnByValue: true } }))
  return answered
}
