import type { Logger } from 'pino'
import { Passwords } from './account/passwords.js'
import { AccountService } from './account/service.js'
import { NodeService } from './admin/node-service.js'
import { QuarantineService } from './admin/quarantine-service.js'
import { TenantAdministration } from './admin/tenant-service.js'
import { UserAdministration } from './admin/user-service.js'
import { Attempts } from './auth/attempts.js'
import { createAuth } from './auth/auth.js'
import { Principals } from './auth/principal.js'
import { AccessWatch } from './auth/watch.js'
import type { Config } from './config.js'
import { openDatabase } from './database/client.js'
import { Notices } from './database/notices.js'
import { FileService } from './files/service.js'
import { Pairing } from './installation/pairing.js'
import { allowed } from './runs/address.js'
import { Callbacks } from './runs/callbacks.js'
import { Dispatcher } from './runs/dispatcher.js'
import { RunService } from './runs/service.js'
import { RunStore } from './runs/store.js'
import { RuntimeClient } from './runtime-client/client.js'
import { ExecService } from './sandboxes/exec-service.js'
import { Orphans } from './sandboxes/orphans.js'
import { SandboxService } from './sandboxes/service.js'
import { SandboxStatusCache } from './sandboxes/status-cache.js'
import { Templates } from './sandboxes/templates.js'
import { AuditLog } from './tenants/audit-log.js'
import { KeyService } from './tenants/keys.js'
import { Members } from './tenants/members.js'
import { TenantService } from './tenants/tenant-service.js'
import { createFirstTenant } from './tenants/tenants.js'
import { TerminalService } from './terminals/service.js'
import { UsageService } from './usage/service.js'

/** Makes the parts of the server and hands them to each other. Nothing is asked of database or runtime yet. */
export function openParts(config: Config, log: Logger) {
  const database = openDatabase(config.databaseUrl)
  const pairing: Pairing = new Pairing(database, () => runtime, log)
  const runtime = new RuntimeClient(config.runtimeSocket, () => pairing.assertPaired())
  const orphans = new Orphans(database, runtime, log)
  const auth = createAuth(config, database, createFirstTenant(database.prisma))
  const attempts = new Attempts(database.pool, config.secret)
  const notices = new Notices(config.databaseUrl, log)
  const principals = new Principals(auth, database, config.publicUrl, notices)
  const watch = new AccessWatch(database, principals, log)
  const templates = new Templates(runtime)
  const sandboxes = new SandboxService(database, runtime, templates, new SandboxStatusCache(runtime), notices)
  const store = new RunStore(database, config.runRetentionHours)
  const dispatcher = new Dispatcher({ store, runtime, templates, log, places: config.runPlaces })
  const callbacks = new Callbacks(database, config.secret, allowed(config.callbackAllow), log)
  const runs = new RunService(database, store, dispatcher, templates, callbacks, config.runQueue, notices)
  const passwords = new Passwords(database, async () => (await auth.$context).password)
  const services = {
    ...{ sandboxes, runs },
    execs: new ExecService(runtime, sandboxes),
    files: new FileService(database, runtime, sandboxes),
    terminals: new TerminalService(database, runtime, sandboxes),
    tenants: new TenantService(database, principals),
    members: new Members(database, principals),
    keys: new KeyService(database, principals),
    auditLog: new AuditLog(database),
    usages: new UsageService(database),
    account: new AccountService(database, principals, passwords),
    administration: {
      nodes: new NodeService(database, runtime),
      quarantine: new QuarantineService({ database, runtime, sandboxes, pairing, orphans }),
      tenants: new TenantAdministration(database, runtime),
      users: new UserAdministration(database, config.publicUrl),
    },
  }
  return {
    ...{ pairing, orphans, attempts, watch, notices },
    ...{
      config,
      log,
      database,
      runtime,
      auth,
      principals,
      sandboxes,
      callbacks,
      store,
      dispatcher,
      services,
    },
    [Symbol.asyncDispose]: async () => {
      await watch[Symbol.asyncDispose]()
      await notices[Symbol.asyncDispose]()
      runtime[Symbol.dispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

/** The parts of a server. */
export type Parts = ReturnType<typeof openParts>
