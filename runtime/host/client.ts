import { request } from 'node:http'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { processLine } from '../../protocol/node/index.js'
import { RuntimeRefusal } from '../errors.js'

/** What the process host answers, to be passed on as it is. */
export interface HostAnswer {
  readonly status: number
  readonly body: unknown
}

/**
 * Asks the process host.
 * @param signal ends the question
 * @throws RuntimeRefusal `runtime_unavailable` when there is no answer, also because the question was ended
 */
export function askHost(
  socketPath: string,
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<HostAnswer> {
  return new Promise((resolve, reject) => {
    const unanswered = () =>
      reject(new RuntimeRefusal('runtime_unavailable', 'the process host does not answer'))
    const options = { socketPath, method, path, ...(signal === undefined ? {} : { signal }) }
    const outgoing = request(options, (answer) => {
      const chunks: Buffer[] = []
      answer.once('error', unanswered)
      answer.on('data', (chunk) => chunks.push(chunk))
      answer.once('end', () => {
        const text = Buffer.concat(chunks).toString()
        resolve({ status: answer.statusCode ?? 500, body: text === '' ? undefined : JSON.parse(text) })
      })
    })
    outgoing.once('error', unanswered)
    outgoing.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

/** When the node comes up, the runtime may be ready before the process host. */
const firstAnswerMs = 3000
const firstAnswerStepMs = 100

/**
 * Has a shell put into each sandbox of the pool. The pool is no worse than slower without: an image may have no
 * `/bin/sh`, and the process host may be away for a moment.
 * @param shell the process in OCI form
 */
export function shellPreparer(
  socketPath: string,
  shell: object,
  log: Logger,
): (container: string) => Promise<void> {
  let answered = false
  const ask = async (container: string) => {
    const answer = await askHost(socketPath, 'PUT', `/containers/${container}/shell`, { process: shell })
    answered = true
    if (answer.status >= 300) log.info({ container, answer: answer.body }, 'a pooled sandbox has no shell')
  }
  return async (container) => {
    for (let waitedMs = 0; ; waitedMs += firstAnswerStepMs) {
      try {
        return await ask(container)
      } catch (error) {
        if (answered || waitedMs >= firstAnswerMs) {
          log.info({ error, container }, 'a pooled sandbox has no shell')
          return
        }
        await sleep(firstAnswerStepMs)
      }
    }
  }
}

/** Whoever does not close a line so long after its end is cut off. */
const lastWordsMs = 5000

/** Joins a client's upgraded line to the process host's, byte for byte: the host answers the upgrade. */
export function joinHost(socketPath: string, path: string, line: Duplex): void {
  const host = connect(socketPath)
  host.once('error', () => line.destroy())
  line.once('error', () => line.destroy()).once('close', () => host.destroy())
  // What the host said last is still on its way, and a connection that is closed with something unread loses it.
  host.once('close', () => {
    line.end()
    line.resume()
    setTimeout(() => line.destroy(), lastWordsMs).unref()
  })
  host.write(
    `GET ${path} HTTP/1.1\r\nHost: terminals\r\nConnection: Upgrade\r\nUpgrade: ${processLine}\r\n\r\n`,
  )
  host.pipe(line).pipe(host)
}
