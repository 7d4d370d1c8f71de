import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { createAuth } from '../auth/auth.js'
import { Principals } from '../auth/principal.js'
import { readConfig } from '../config.js'
import { openDatabase } from '../database/client.js'
import { RuntimeClient } from '../runtime-client/client.js'
import { Live } from '../sandboxes/live.js'
import { SandboxService } from '../sandboxes/service.js'
import { Templates } from '../sandboxes/templates.js'
import { createServer } from '../server.js'
import { renderReference } from './reference.js'

describe('docs/api.md', () => {
  it('says what the server says of itself', async () => {
    // Nothing is asked of either: a server describes itself without them.
    const config = readConfig({
      DATABASE_URL: 'postgresql://nobody@localhost/nothing',
      CLOCHE_RUNTIME_SOCKET: '/nowhere',
      CLOCHE_SECRET: 'x'.repeat(32),
      NODE_ENV: 'test',
    })
    await using database = openDatabase(config.databaseUrl)
    using runtime = new RuntimeClient(config.runtimeSocket)
    const auth = createAuth(config, database)
    const principals = new Principals(auth, database)
    const sandboxes = new SandboxService(database, runtime, new Templates(runtime), new Live(runtime))
    const log = pino({ level: 'silent' })
    const app = await createServer({ config, log, database, runtime, auth, principals, sandboxes })
    await app.ready()
    const page = renderReference(app.swagger())
    await app.close()
    await expect(page).toMatchFileSnapshot('../../docs/api.md')
  })
})
