import { createServer } from 'node:net'
import { run } from '../runtime/linux/spawn.js'

/** Why nothing can listen at an address, or undefined when something can. */
export async function portTrouble({
  host,
  port,
}: {
  host: string
  port: number
}): Promise<string | undefined> {
  const code = await new Promise<string | undefined>((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ host, port }, () => server.close(() => resolve(undefined)))
  })
  if (code === undefined) return undefined
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `HOST=${host} is no address of this machine`
  if (code !== 'EADDRINUSE') return `nothing can listen at ${host}:${port}: ${code}`
  return `port ${port} is taken${await whoListens(port)}`
}

async function whoListens(port: number): Promise<string> {
  const rows = await run('ss', ['-Hltnp', `sport = :${port}`]).catch(() => '') // a name is nice to have, no more
  const [, name, pid] = /users:\(\("([^"]+)",pid=(\d+)/.exec(rows) ?? []
  return name === undefined ? '' : ` by ${name} (process ${pid})`
}
