import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { Failure } from '../command.js'

/** Where the Cloche is, and whose key is used. */
export interface Account {
  readonly url: string
  readonly apiKey: string
}

/** @see https://specifications.freedesktop.org/basedir-spec/latest/ */
export function accountFile(env: NodeJS.ProcessEnv): string {
  return join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'cloche', 'account.json')
}

/**
 * `CLOCHE_URL` and `CLOCHE_API_KEY`, or what `cloche login` has stored. A key that is stored goes to no other place
 * than it was stored for.
 *
 * @throws Failure when nobody is logged in
 */
export function readAccount(env: NodeJS.ProcessEnv): Account {
  const stored = readStored(accountFile(env))
  const url = env.CLOCHE_URL || stored?.url
  const apiKey = env.CLOCHE_API_KEY || (stored?.url === url ? stored?.apiKey : undefined)
  if (url !== undefined && apiKey !== undefined) return { url, apiKey }
  throw new Failure(
    url === undefined
      ? 'not logged in. Run cloche login URL, or set CLOCHE_URL and CLOCHE_API_KEY'
      : `no API key is stored for ${url}. Run cloche login ${url}, or set CLOCHE_API_KEY`,
  )
}

function readStored(file: string): Account | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new Failure(`${file} cannot be read: ${error instanceof Error ? error.message : error}`)
  }
  try {
    const { url, apiKey }: Record<string, unknown> = JSON.parse(text)
    if (typeof url === 'string' && typeof apiKey === 'string') return { url, apiKey }
  } catch {
    // What is not JSON is damaged as well.
  }
  throw new Failure(`${file} cannot be parsed. Run cloche login URL to write it again`)
}

/** Nobody else may read it, not even for a moment. */
export function storeAccount(file: string, account: Account): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const fresh = `${file}.${process.pid}`
  writeFileSync(fresh, `${JSON.stringify(account, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
  chmodSync(fresh, 0o600)
  renameSync(fresh, file)
}

export function forgetAccount(file: string): void {
  rmSync(file, { force: true })
}
