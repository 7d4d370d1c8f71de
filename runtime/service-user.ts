import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Of the default instance, and of others that were installed when all instances shared it. */
const sharedUser = 'cloche'
/** What an instance has from its first start on. */
const made = ['secret', 'postgres', 'disk.img', 'boxes']

/** Where an instance that has a user of its own remembers it. */
export const userFile = (home: string): string => join(home, 'user')

/**
 * The system user that an instance's server and database run as: one for each instance, so that a server that was taken
 * over reaches no other instance's runtime, database or secrets. One that was installed before this was so keeps the
 * user `cloche`, who owns its files.
 *
 * @see useradd(8): names have at most 32 characters; an instance's has at most 15
 */
export function serviceUser(instance: string, home: string): string {
  if (instance === sharedUser) return sharedUser
  try {
    const kept = readFileSync(userFile(home), 'utf8').trim()
    if (/^cloche(-[a-z][a-z0-9]*)?$/.test(kept)) return kept
  } catch {
    // None is remembered: it is new, or older than this.
  }
  return made.some((name) => existsSync(join(home, name))) ? sharedUser : `cloche-${instance}`
}
