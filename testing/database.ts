import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { migrate } from '../server/database/engine.js'
import { forgetViews } from '../supervisor/confine.js'
import { postgresAnswers } from '../supervisor/database.js'
import { createDatabase, embeddedUrl, postgresCommand, prepareDatabase } from '../supervisor/postgres.js'
import { readSettings } from '../supervisor/settings.js'
import { ensureUser } from '../supervisor/user.js'
import { testInstance } from './test-instance.js'

/** A PostgreSQL of its own with all migrations applied, for tests that need no node: it is there in two seconds. */
export interface TestDatabase extends AsyncDisposable {
  readonly url: string
}

/** @param suffix as of `openInstance`, and no instance's */
export async function openTestDatabase(suffix: string): Promise<TestDatabase> {
  const name = `${testInstance}${suffix}`
  const home = `/var/tmp/${name}-home`
  await rm(home, { recursive: true, force: true })
  const settings = readSettings({ ...process.env, CLOCHE_INSTANCE: name, CLOCHE_HOME: home })
  process.umask(0o022)
  ensureUser(settings)
  await prepareDatabase(settings)
  const [program = '', ...args] = postgresCommand(settings)
  const postgres = spawn(program, args, {
    stdio: 'ignore',
    env: { PATH: process.env.PATH, NODE_ENV: 'test' },
  })
  const ended = once(postgres, 'exit')
  while (!(await postgresAnswers(embeddedUrl(settings, 'postgres')))) {
    if (postgres.exitCode !== null) throw new Error(`PostgreSQL ended with ${postgres.exitCode}`)
    await sleep(50)
  }
  await createDatabase(settings)
  const url = embeddedUrl(settings)
  await migrate(url, 'prisma/migrations')
  return {
    url,
    async [Symbol.asyncDispose]() {
      postgres.kill('SIGINT')
      await ended
      await rm(home, { recursive: true, force: true })
      await rm(settings.run, { recursive: true, force: true })
      forgetViews(settings)
      spawnSync('userdel', [settings.group])
    },
  }
}
