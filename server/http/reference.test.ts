import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { readConfig } from '../config.js'
import { openParts } from '../parts.js'
import { createServer } from '../server.js'
import { renderReference } from './reference.js'

describe('docs/reference/api.md', () => {
  it('says what the server says of itself', async () => {
    // Nothing is asked of either: a server describes itself without them.
    const config = readConfig({
      DATABASE_URL: 'postgresql://nobody@localhost/nothing',
      CLOCHE_RUNTIME_SOCKET: '/nowhere',
      CLOCHE_SECRET: 'x'.repeat(32),
      NODE_ENV: 'test',
    })
    await using parts = openParts(config, pino({ level: 'silent' }))
    const app = await createServer(parts)
    await app.ready()
    const page = renderReference(app.swagger())
    await app.close()
    await expect(page).toMatchFileSnapshot('../../docs/reference/api.md')
  })
})
