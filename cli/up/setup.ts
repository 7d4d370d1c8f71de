import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { CommandError, run } from '../../runtime/linux/spawn.js'
import { Failure } from '../command.js'
import type { Settings } from '../settings.js'
import { confined, nodeView } from './confine.js'
import { serverEnvironment, setupCommand } from './services.js'

const credentials = z.object({ email: z.string(), password: z.string(), apiKey: z.string() })
const adminFile = (home: string) => join(home, 'admin.json')

/**
 * Runs the server's setup step: it migrates the database and, where there is no user yet, makes the first
 * operator, whose credentials are kept in `<home>/admin.json` for root alone.
 *
 * @throws Failure with its own words
 */
export async function setUp(settings: Settings, databaseUrl: string, secret: string): Promise<void> {
  const [program = '', ...args] = setupCommand(settings)
  const env = serverEnvironment(settings, databaseUrl, secret)
  const said = await run(program, args, { env }).catch((error: unknown) => {
    if (!(error instanceof CommandError)) throw error
    throw new Failure(`the database cannot be set up: ${error.stderr.trim() || error.message}`)
  })
  const line = said.trim()
  if (line === '') return
  const admin = { url: settings.url, ...credentials.parse(JSON.parse(line)) }
  const file = adminFile(settings.home)
  writeFileSync(`${file}.new`, `${JSON.stringify(admin, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/** @throws Failure when the user `cloche` cannot use an operator's own database */
export async function requireOwnDatabase(settings: Settings, databaseUrl: string): Promise<void> {
  const [program = '', ...args] = confined(settings, [nodeView(settings), 'dist/cli/up/check-database.js'])
  await run(program, args, { env: { ...process.env, DATABASE_URL: databaseUrl } }).catch((error: unknown) => {
    throw error instanceof CommandError ? new Failure(error.stderr.trim()) : error
  })
}

/** Where the first operator's credentials are, if this instance made one. */
export function adminCredentials(home: string): { file: string; email: string } | undefined {
  const file = adminFile(home)
  if (!existsSync(file)) return undefined
  return { file, email: credentials.parse(JSON.parse(readFileSync(file, 'utf8'))).email }
}
