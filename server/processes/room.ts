import type { Writable } from 'node:stream'

/** Resolves when a stream takes more, or has ended. */
export function roomOn(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (!stream.writable) return resolve()
    const events = ['drain', 'end', 'close']
    const go = () => {
      for (const event of events) stream.off(event, go)
      resolve()
    }
    for (const event of events) stream.on(event, go)
  })
}
