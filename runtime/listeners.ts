import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { Logger } from '../common/log.js'
import { every } from '../common/timers.js'
import type { Config } from './config.js'
import { type Listener, listenOnSocket } from './http/listen.js'
import { listenOnTls, type TlsSettings } from './http/tls.js'

/** An address that could not be had, or files that could not be read, are tried again so often. */
const retryMs = 60_000
/** A certificate that ends within so many days is a problem of the node. */
const expiryWarningDays = 30
const dayMs = 86_400_000

/** The sockets on which a runtime answers. */
export interface Listeners extends Listener {
  readonly socket: string
  /** What keeps servers on other machines away, or soon will. */
  problems(): string[]
}

/**
 * Listens on the unix socket, and where that is configured for servers on other machines. The node works for this
 * machine also while it cannot listen for others.
 */
export async function openListeners(app: FastifyInstance, config: Config, log: Logger): Promise<Listeners> {
  const socket = join(config.run, 'runtime.sock')
  const local = await listenOnSocket(app, socket, config.group)
  const { listen } = config
  if (listen === undefined) return { socket, problems: () => [], close: () => local.close() }
  let remote: Listener | undefined
  let problem: string | undefined
  const open = async () => {
    if (remote !== undefined) return
    try {
      remote = await listenOnTls(app, listen, log)
      problem = undefined
      log.info({ host: listen.host, port: listen.port }, 'listening for servers on other machines')
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      problem = `servers on other machines cannot reach this node: ${why}`
      log.error({ error }, problem)
    }
  }
  await open()
  const retrying = every(retryMs, 'listening for servers on other machines', log, open)
  return {
    socket,
    problems: () => [problem ?? [], expiryProblem(listen) ?? []].flat(),
    close: async () => {
      retrying[Symbol.dispose]()
      await Promise.all([local.close(), remote?.close()])
    },
  }
}

function expiryProblem({ ca, cert }: TlsSettings): string | undefined {
  try {
    const ends = [ca, cert].map((file) => Date.parse(new X509Certificate(readFileSync(file)).validTo))
    const end = Math.min(...ends)
    if (end - Date.now() > expiryWarningDays * dayMs) return undefined
    const date = new Date(end).toISOString().slice(0, 10)
    return `the certificate for servers on other machines ends on ${date}: make a new one with "cloche node certificate"`
  } catch {
    return undefined // that it cannot be read is a problem of its own
  }
}
