import { z } from 'zod'
import { createLog } from '../../common/log.js'
import { readConfig } from '../config.js'
import { openParts } from '../parts.js'
import { createServer } from '../server.js'
import { must, type World } from './world.js'

const document = z.object({
  paths: z.record(z.string(), z.record(z.string(), z.object({ operationId: z.string() }))),
})

/** Method, path and name of each call that the running server describes. */
export async function described({ callers }: World) {
  const { paths } = document.parse(await must(callers.nobody, 'GET', '/api/openapi.json'))
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]) => ({
      ...{ method: method.toUpperCase(), path, name: one.operationId },
    })),
  )
}

/** `GET /healthz` and so on, of every route that a server has, described or not. */
export async function routesOf(): Promise<string[]> {
  const config = readConfig({
    DATABASE_URL: 'postgresql://nobody@localhost/nothing',
    CLOCHE_RUNTIME_SOCKET: '/nowhere',
    CLOCHE_SECRET: 'x'.repeat(32),
    NODE_ENV: 'test',
  })
  await using parts = openParts(config, createLog('server', 'silent'))
  const app = await createServer(parts)
  await app.ready()
  const drawn = app.printRoutes({ commonPrefix: false })
  await app.close()
  const parents: string[] = []
  return drawn.split('\n').flatMap((line) => {
    const [, indent = '', part = '', methods = ''] = /^([│ ]*)[├└]── (\S+) \((.*)\)$/.exec(line) ?? []
    const depth = indent.length / 4
    parents.splice(depth, parents.length, part)
    const path = parents.join('').replace(/:(\w+)/g, '{$1}')
    return methods === '' ? [] : methods.split(', ').map((method) => `${method} ${path}`)
  })
}
