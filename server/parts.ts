import type { Logger } from 'pino'
import { Attempts } from './auth/attempts.js'
import { createAuth } from './auth/auth.js'
import { Principals } from './auth/principal.js'
import { AccessWatch } from './auth/watch.js'
import type { Config } from './config.js'
import { openDatabase } from './database/client.js'
import { Pairing } from './installation/pairing.js'
import { allowed } from './runs/address.js'
import { Callbacks } from './runs/callbacks.js'
import { Dispatcher } from './runs/dispatcher.js'
import { RunService } from './runs/service.js'
import { RunStore } from './runs/store.js'
import { RuntimeClient } from './runtime-client/client.js'
import { Orphans } from './sandboxes/orphans.js'
import { SandboxService } from './sandboxes/service.js'
import { SandboxStatusCache } from './sandboxes/status-cache.js'
import { Templates } from './sandboxes/templates.js'

/** Makes the parts of the server and hands them to each other. Nothing is asked of database or runtime yet. */
export function openParts(config: Config, log: Logger) {
  const database = openDatabase(config.databaseUrl)
  const pairing: Pairing = new Pairing(database, () => runtime, log)
  const runtime = new RuntimeClient(config.runtimeSocket, () => pairing.assertPaired())
  const orphans = new Orphans(database, runtime, log)
  const auth = createAuth(config, database)
  const attempts = new Attempts(database.pool, config.secret)
  const principals = new Principals(auth, database, config.publicUrl)
  const watch = new AccessWatch(database, principals, log)
  const templates = new Templates(runtime)
  const sandboxes = new SandboxService(database, runtime, templates, new SandboxStatusCache(runtime))
  const store = new RunStore(database, config.runRetentionHours)
  const dispatcher = new Dispatcher({ store, runtime, templates, log, places: config.runPlaces })
  const runs = new RunService(database, store, dispatcher, templates, config.runQueue)
  const callbacks = new Callbacks(database, config.secret, allowed(config.callbackAllow), log)
  return {
    ...{ pairing, orphans, attempts, watch },
    ...{ config, log, database, runtime, auth, principals, sandboxes, runs, callbacks, store, dispatcher },
    [Symbol.asyncDispose]: async () => {
      await watch[Symbol.asyncDispose]()
      runtime[Symbol.dispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}
