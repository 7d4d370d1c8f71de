import { existsSync } from 'node:fs'
import { createAuth } from './auth/auth.js'
import { Principals } from './auth/principal.js'
import { readConfig } from './config.js'
import { openDatabase } from './database/client.js'
import { createLog } from './log.js'
import { servePages } from './pages.js'
import { RuntimeClient } from './runtime-client/client.js'
import { Live } from './sandboxes/live.js'
import { expire, reconcile } from './sandboxes/reconcile.js'
import { SandboxService } from './sandboxes/service.js'
import { Templates } from './sandboxes/templates.js'
import { repeat } from './schedule.js'
import { createServer } from './server.js'
import { serveTerminals } from './terminals/socket.js'
import { record } from './usage/meter.js'

const config = readConfig(process.env)
const log = createLog(config.logLevel)
const database = openDatabase(config.databaseUrl)
const runtime = new RuntimeClient(config.runtimeSocket)
const auth = createAuth(config, database)
const principals = new Principals(auth, database)
const sandboxes = new SandboxService(database, runtime, new Templates(runtime), new Live(runtime))
const app = await createServer({ config, log, database, runtime, auth, principals, sandboxes })
if (existsSync('.next/BUILD_ID')) await servePages(app, process.cwd(), new URL(config.publicUrl).host)
else log.warn('the pages are not built, so there is only the API; bin/build makes them')
const io = serveTerminals(app.server, {
  principals,
  sandboxes,
  runtime,
  origins: config.origins,
  log: log,
})
await app.listen({ host: config.host, port: config.port })
const chores = [
  repeat('metering', 10_000, log, async () => record(database, await runtime.list())),
  repeat('making rows and sandboxes agree', 10_000, log, () => reconcile(database, runtime, log)),
  repeat('deleting what has expired', 2000, log, () => expire(database, sandboxes, log)),
]

const stop = async () => {
  for (const chore of chores) await chore[Symbol.asyncDispose]()
  await io.close()
  await app.close()
  runtime[Symbol.dispose]()
  await database[Symbol.asyncDispose]()
  process.exit(0)
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop())
