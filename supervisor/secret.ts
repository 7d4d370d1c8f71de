import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../cli/command.js'

/** The server takes no shorter one. */
const minLength = 32

/**
 * The secret that signs sessions: made once, and kept for root alone.
 * @throws Failure when it cannot be used: another one in its place would sign everybody out, so that is not done silently
 */
export function keptSecret(home: string): string {
  const file = join(home, 'secret')
  if (!existsSync(file)) {
    const fresh = `${file}.new`
    writeFileSync(fresh, randomBytes(32).toString('base64url'), { mode: 0o600 })
    // Or a crash of the host may leave an empty file under the name.
    const fd = openSync(fresh, 'r')
    fsyncSync(fd)
    closeSync(fd)
    renameSync(fresh, file)
  }
  const secret = readFileSync(file, 'utf8').trim()
  if (secret.length >= minLength) return secret
  throw new Failure(
    `${file} is damaged: it has ${secret.length} characters, and at least ${minLength} are needed. Put it back from a backup. ` +
      'Or remove it, and a new one is made: then everybody has to sign in again, and callbacks of runs are signed anew',
  )
}
