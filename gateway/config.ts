import { z } from 'zod'
import { withSecretFiles } from '../common/secrets.js'

const environment = z.object({
  HOST: z.string().min(1).default('127.0.0.1'),
  CLOCHE_SSH_PORT: z.coerce.number().int().min(1).max(65_535),
  /** Where the server is. */
  CLOCHE_SSH_SERVER: z.url({ protocol: /^https?$/ }),
  CLOCHE_SSH_SECRET: z.string().min(32),
  CLOCHE_SSH_PRIVATE_KEY: z.string().min(1),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
})

/** What the supervisor, or the unit of systemd, gives the gateway. */
export interface Config {
  readonly host: string
  readonly port: number
  /** The origin of the server. */
  readonly server: string
  /** By which the server knows the gateway. */
  readonly secret: string
  /** The host key, in the form of OpenSSH. */
  readonly privateKey: string
  readonly logLevel: string
}

/** @throws ZodError that names each variable that is wrong */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const parsed = environment.parse(withSecretFiles(env))
  return {
    ...{ host: parsed.HOST, port: parsed.CLOCHE_SSH_PORT, server: new URL(parsed.CLOCHE_SSH_SERVER).origin },
    // The file ends with a newline, which the form demands.
    ...{ secret: parsed.CLOCHE_SSH_SECRET, privateKey: `${parsed.CLOCHE_SSH_PRIVATE_KEY.trim()}\n` },
    logLevel: parsed.LOG_LEVEL,
  }
}
