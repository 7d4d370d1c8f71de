import { pino } from 'pino'
import { readConfig } from '../server/config.js'
import { openParts } from '../server/parts.js'
import { createServer } from '../server/server.js'

/** The OpenAPI document of a server. Neither its database nor its node is asked for it, and neither exists. */
export async function openApiOfServer(): Promise<unknown> {
  const config = readConfig({
    DATABASE_URL: 'postgresql://nobody@localhost/nothing',
    CLOCHE_RUNTIME_SOCKET: '/nowhere',
    CLOCHE_SECRET: 'x'.repeat(32),
    NODE_ENV: 'test',
  })
  await using parts = openParts(config, pino({ level: 'silent' }))
  const app = await createServer(parts)
  await app.ready()
  const text = JSON.stringify(app.swagger())
  await app.close()
  return JSON.parse(text)
}
