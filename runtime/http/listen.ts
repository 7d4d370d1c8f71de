import { chmodSync, chownSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { routeUpgrades } from './upgrade.js'

/** Of idle connections. Callers are told, and close theirs before. */
export const keepAliveTimeoutMs = 65_000

/** An application that answers. */
export interface Listener {
  /** Stops answering, and cuts every connection. */
  close(): Promise<void>
}

/** Listens on a unix socket, which only root and `group` may open. */
export async function listenOnSocket(app: FastifyInstance, socket: string, group: string): Promise<Listener> {
  // An upload takes as long as it takes: its reader decides.
  const server = createServer(
    { keepAliveTimeout: keepAliveTimeoutMs, requestTimeout: 0 },
    (request, response) => app.routing(request, response),
  )
  rmSync(socket, { force: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(socket, resolve)
  })
  chownSync(socket, 0, groupId(group) ?? 0)
  chmodSync(socket, 0o660)
  return serve(app, server)
}

/** Has a server that listens answer, upgrades included. */
export function serve(app: FastifyInstance, server: Server): Listener {
  const upgraded = new Set<Duplex>()
  server.on('upgrade', (_, line) => {
    upgraded.add(line)
    line.once('close', () => upgraded.delete(line))
  })
  routeUpgrades(app, server)
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
        for (const line of upgraded) line.destroy()
      }),
  }
}

function groupId(name: string): number | undefined {
  const row = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .find((line) => line.startsWith(`${name}:`))
  return row === undefined ? undefined : Number(row.split(':')[2])
}
