import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { Failure } from '../cli/command.js'
import { withSecretFiles } from '../common/secrets.js'
import { type Config, readConfig } from '../runtime/config.js'

const environment = z.object({
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: z.coerce.number().int().min(1).max(65_535).default(3000),
  CLOCHE_URL: z.url({ protocol: /^https?$/ }).optional(),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  CLOCHE_NETNS: z
    .string()
    .regex(/^[\w.-]{1,64}$/)
    .optional(),
  CLOCHE_SECRET: z.string().min(32, 'needs at least 32 characters').optional(),
  CLOCHE_SSH_PORT: z.coerce.number().int().min(1).max(65_535).optional(),
})

/** What an operator has set, for the commands that work on this machine's own instance. */
export interface Settings extends Config {
  /** The root of this installation: where `dist/`, `images/` and `node_modules/` are. */
  readonly app: string
  readonly host: string
  readonly port: number
  /** The origin that browsers see. */
  readonly url: string
  /** An operator's own PostgreSQL; without it Cloche runs the embedded one. */
  readonly databaseUrl: string | undefined
  readonly netns: string | undefined
  readonly secret: string | undefined
  /** Where SSH is answered; undefined: nowhere. */
  readonly sshPort: number | undefined
}

/** @throws Failure that names each variable that is wrong */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  try {
    // An empty variable is one that is not set, as in a systemd unit's EnvironmentFile.
    const own = environment.parse(
      Object.fromEntries(Object.entries(withSecretFiles(env)).filter(([, value]) => value !== '')),
    )
    return {
      ...readConfig(env),
      app: installationOf(fileURLToPath(import.meta.url)),
      host: own.HOST,
      port: own.PORT,
      url: own.CLOCHE_URL ?? `http://${own.HOST.includes(':') ? `[${own.HOST}]` : own.HOST}:${own.PORT}`,
      databaseUrl: own.DATABASE_URL,
      netns: own.CLOCHE_NETNS,
      secret: own.CLOCHE_SECRET,
      sshPort: own.CLOCHE_SSH_PORT,
    }
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error
    const wrong = error.issues.map(({ path, message }) => `  ${path.join('.')}: ${message}`)
    throw new Failure(`the environment is not right:\n${wrong.join('\n')}`)
  }
}

/** The nearest directory above this program that has a package.json: true of the bundle and of the sources. */
function installationOf(program: string): string {
  for (let at = dirname(program); at !== dirname(at); at = dirname(at)) {
    if (existsSync(join(at, 'package.json'))) return at
  }
  throw new Error(`no package.json above ${program}`)
}

/**
 * For commands that work on the machine.
 * @throws Failure when the caller is not root
 */
export function requireRoot(what: string): void {
  if (process.getuid?.() !== 0) throw new Failure(`${what} needs root. Type: sudo bin/cloche ${what}`)
  // The user `cloche` walks through directories that are made here, whatever this shell's umask is.
  process.umask(0o022)
}
