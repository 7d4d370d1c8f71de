import { EventEmitter } from 'node:events'
import { createLog } from '../log.js'
import { runService } from '../service.js'
import { every } from '../timers.js'

/** A service in which everything goes wrong that can, for `service.test.ts`. */
const log = createLog('faulty', 'info')
const fail = (what: string) => {
  throw new Error(what)
}
await runService(log, async () => {
  if (process.argv[2] === 'start') fail('start')
  setTimeout(() => fail('timeout'), 1)
  setTimeout(() => setImmediate(() => fail('immediate')), 1)
  setTimeout(() => queueMicrotask(() => fail('microtask')), 1)
  every(1, 'a task', log, () => fail('every'))
  every(1, 'an asynchronous task', log, async () => fail('every, later'))
  const emitter = new EventEmitter()
    .on('now', () => fail('handler'))
    .on('later', async () => fail('asynchronous handler'))
  setTimeout(() => emitter.emit('now'), 1)
  setTimeout(() => emitter.emit('later'), 1)
  setTimeout(() => emitter.emit('error', new Error('error event')), 1)
  setTimeout(() => void Promise.reject(new Error('rejection')), 1)
  setTimeout(() => log.info('still here'), 200)
  const busy = setInterval(() => {}, 1000)
  return async () => clearInterval(busy)
})
