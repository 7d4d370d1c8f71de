import { existsSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const known = z.object({ installation: z.string().optional() })
const fileOf = (home: string, of: string) => join(home, `admin-${of}.json`)

/**
 * Makes room for the credentials of another database's first operator: what is in `admin.json` is kept beside it, under
 * the name of the installation that it belongs to.
 */
export function setAdminAside(home: string): void {
  const file = join(home, 'admin.json')
  if (!existsSync(file)) return
  const installation = installationOf(file)
  const stamp = new Date().toISOString().replace(/[:.]/g, '-')
  // Nothing that is kept already is written over.
  const free = installation !== undefined && !existsSync(fileOf(home, installation))
  renameSync(file, fileOf(home, free ? installation : `earlier-${stamp}`))
}

/**
 * Brings the credentials back that belong to the database, after another one was used in between.
 * @returns whether `admin.json` does not tell yet which database it belongs to
 */
export function bringAdminBack(home: string, installation: string): boolean {
  const file = join(home, 'admin.json')
  const now = existsSync(file) ? installationOf(file) : undefined
  if (now === installation) return false
  const earlier = readdirSync(home).filter((name) => /^admin-earlier-.*\.json$/.test(name))
  const own = [fileOf(home, installation), ...earlier.toSorted().map((name) => join(home, name))].find(
    existsSync,
  )
  if (own === undefined || (existsSync(file) && now === undefined))
    return existsSync(file) && now === undefined
  setAdminAside(home)
  renameSync(own, file)
  return installationOf(file) === undefined
}

/** Undefined where nothing is said of it, or the file cannot be read. */
function installationOf(file: string): string | undefined {
  try {
    return known.parse(JSON.parse(readFileSync(file, 'utf8'))).installation
  } catch {
    return undefined
  }
}
