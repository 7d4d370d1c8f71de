import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { Failure } from '../cli/command.js'
import { CommandError, run } from '../runtime/linux/spawn.js'
import { bringAdminBack, setAdminAside } from './admin-file.js'
import { type Access, accessOf, serverProgram } from './services.js'
import type { Settings } from './settings.js'

const credentials = z.object({
  ...{ email: z.string(), password: z.string(), apiKey: z.string() },
  /** Of the database that they are for. */
  installation: z.string().optional(),
})
const setupLine = z.union([credentials, z.object({ installation: z.string() })])
const adminFile = (home: string) => join(home, 'admin.json')

/**
 * Runs a program of the server that ends by itself, as the user `cloche`.
 * @returns what it printed
 * @throws Failure with its own words
 */
export async function runServerProgram(
  settings: Settings,
  program: string,
  args: readonly string[],
  access: Access,
): Promise<string> {
  const { command, env } = serverProgram(settings, program, args, access)
  const [first = '', ...rest] = command
  return run(first, rest, { env }).catch((error: unknown) => {
    throw error instanceof CommandError ? new Failure(error.stderr.trim() || error.message) : error
  })
}

/**
 * The server's setup step: it migrates the database and, where there is no user yet, makes the first operator,
 * whose credentials are kept in `<home>/admin.json` for root alone. Those for another database are kept beside it.
 *
 * @throws Failure with its own words
 */
export async function setUp(settings: Settings, access: Access): Promise<void> {
  const line = (await runServerProgram(settings, 'server/setup.js', [], access)).trim()
  const said = setupLine.parse(JSON.parse(line))
  const { home } = settings
  if ('email' in said) {
    setAdminAside(home)
    keepAdmin(settings, said)
  } else if (bringAdminBack(home, said.installation)) {
    const admin = readAdmin(home)
    if (admin !== undefined) keepAdmin(settings, { ...admin, installation: said.installation })
  }
}

function keepAdmin(settings: Settings, admin: z.infer<typeof credentials>): void {
  const file = adminFile(settings.home)
  const content = JSON.stringify({ url: settings.url, ...admin }, null, 2)
  writeFileSync(`${file}.new`, `${content}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/** Writes a new password of the first operator down where the old one was; of anybody else, nothing. */
export function keepPassword(settings: Settings, email: string, password: string): void {
  const admin = readAdmin(settings.home)
  if (admin !== undefined && admin.email === email) keepAdmin(settings, { ...admin, password })
}

/** @throws Failure when the user `cloche` cannot use the database of DATABASE_URL */
export async function requireOwnDatabase(settings: Settings): Promise<void> {
  await runServerProgram(settings, 'supervisor/check-database.js', [], accessOf(settings))
}

/** Where the first operator's credentials are, if this instance made one; without `email` the file cannot be read. */
export function adminCredentials(home: string): { file: string; email: string | undefined } | undefined {
  const file = adminFile(home)
  if (!existsSync(file)) return undefined
  return { file, email: readAdmin(home)?.email }
}

/** Undefined when it is not there or cannot be read: nothing but a person needs it. */
function readAdmin(home: string): z.infer<typeof credentials> | undefined {
  try {
    return credentials.parse(JSON.parse(readFileSync(adminFile(home), 'utf8')))
  } catch {
    return undefined
  }
}
