import type { ServerChannel } from 'ssh2'
import { Refused } from '../api.js'
import { type Shell, writeTo } from '../shell.js'
import { Files } from './files.js'
import { Fields, Malformed, packetsOf, request, type Status, say, status } from './packet.js'
import { extensions, Requests } from './requests.js'

/** Requests at once, of 255 KiB each at most. Of what a client sends more, OpenSSH 64, the rest waits in its channel. */
const atOnce = 16

/**
 * Answers SFTP on a channel by the files of the API, so that it needs nothing in the image. Of ssh2's own server nothing is used: its names
 * are text, it sends as much as is asked for, and it ends without an exit status, which scp takes for a failure.
 */
export async function serveSftp(shell: Shell, channel: ServerChannel, over: AbortController): Promise<void> {
  const requests = new Requests(new Files(shell))
  const running = new Set<Promise<void>>()
  let last: Promise<void> = Promise.resolve()
  let exitCode = 0
  try {
    for await (const bytes of packetsOf(channel.iterator({ destroyOnReturn: false }))) {
      if (over.signal.aborted) break
      const packet = new Fields(bytes)
      const type = packet.byte()
      if (type === request.init) {
        await writeTo(channel, say.version(extensions), over.signal)
        continue
      }
      const id = packet.uint32()
      const answer = answerOf(requests, type, id, packet, shell)
      // In the order of the requests: OpenSSH cuts off what it got before what comes later.
      const one: Promise<void> = last
        .then(() => answer)
        .then((bytes) => writeTo(channel, bytes, over.signal))
        .finally(() => running.delete(one))
      last = one
      running.add(one)
      if (running.size >= atOnce) await Promise.race(running)
    }
    await Promise.all(running)
  } catch (error) {
    exitCode = 1
    if (!(error instanceof Malformed)) shell.log.error({ error }, 'SFTP was not served')
  } finally {
    requests.abandon()
    over.abort()
    channel.exit(exitCode)
    channel.end()
    channel.resume()
  }
}

async function answerOf(requests: Requests, type: number, id: number, packet: Fields, { log }: Shell) {
  try {
    return await requests.answer(type, id, packet)
  } catch (error) {
    if (error instanceof Malformed) return say.status(id, status.badMessage, error.message)
    if (error instanceof Refused) return say.status(id, statusOf(error), error.message)
    // Of a program inside, or of a call that broke off.
    log.warn({ error }, 'a request of SFTP failed')
    return say.status(id, status.failure, error instanceof Error ? error.message : '')
  }
}

function statusOf({ status: code, code: name }: Refused): Status {
  if (name === 'file_not_found') return status.noSuchFile
  if (name === 'unsupported') return status.unsupported
  return code === 401 || code === 403 ? status.permissionDenied : status.failure
}
