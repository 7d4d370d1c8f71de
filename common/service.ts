import type { Logger } from './log.js'

/**
 * Runs a program that serves until it is told to end: the first thing that each of Cloche's services does.
 *
 * What a timer or an event handler throws, and what a promise rejects with that nobody listens to, is logged, and the
 * process goes on: sandboxes, terminals and requests of many people hang on it, and one mistake about one of them must
 * not end all others. Node's own rule, to end the process, is kept until `start` has succeeded: a service that is half
 * there helps nobody, and whoever started it tries again.
 *
 * @param start makes everything and returns what is to be closed at SIGINT or SIGTERM
 */
export async function runService(log: Logger, start: () => Promise<() => Promise<unknown>>): Promise<void> {
  let started = false
  process.on('uncaughtException', (error, origin) => {
    log.fatal({ error, origin }, started ? 'an error was not handled; going on' : 'it does not start')
    if (!started) process.exit(1)
  })
  try {
    const close = await start()
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void end(log, close))
    started = true
  } catch (error) {
    log.fatal({ error }, 'it does not start')
    process.exit(1)
  }
}

async function end(log: Logger, close: () => Promise<unknown>): Promise<void> {
  try {
    await close()
    process.exit(0)
  } catch (error) {
    log.fatal({ error }, 'it does not end as it should')
    process.exit(1)
  }
}
