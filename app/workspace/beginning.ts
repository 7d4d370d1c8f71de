import { z } from 'zod'
import '../lib/jitless'
import { repositoryUrlMax, splitCredentials } from '../git/address'
import type { Credentials } from '../git/repository'
import { read, write } from '../terminal/preferences'

const keyOf = (sandboxId: string) => `cloche-repository-${sandboxId}`
const schema = z.string().max(repositoryUrlMax).nullable().catch(null)
/** Of this page only, and forgotten with it. */
const credentialsOf = new Map<string, Credentials>()

/** A new sandbox is to begin with a repository: its workspace clones it, also after a reload, but then without the password. */
export function beginWith(sandboxId: string, typed: string): void {
  const { url, credentials } = splitCredentials(typed)
  write(keyOf(sandboxId), url)
  if (credentials !== null) credentialsOf.set(sandboxId, credentials)
}

/** The address that a sandbox is still to begin with. */
export function beginningOf(sandboxId: string): { url: string; credentials: Credentials | null } | null {
  const url = schema.parse(read(keyOf(sandboxId)))
  return url === null ? null : { url, credentials: credentialsOf.get(sandboxId) ?? null }
}

export function begun(sandboxId: string): void {
  credentialsOf.delete(sandboxId)
  try {
    localStorage.removeItem(keyOf(sandboxId))
  } catch {
    // Storage is forbidden: then there is nothing in it.
  }
}
