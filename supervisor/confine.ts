import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Settings } from './settings.js'
import { ensureUser } from './user.js'

/** A directory that the confined program sees at another place, and may write to. */
export interface Share {
  readonly source: string
  readonly target: string
}

/** Where confined programs see the installation and node: below the run directory, which everybody can walk to. */
export const appView = (settings: Settings) => join(settings.run, 'app')
export const nodeView = (settings: Settings) => join(settings.run, 'node')

/**
 * The command line that runs `program` as the instance's user, without capabilities, and unable to gain any, in
 * a mount namespace where the installation is at `appView` (its working directory) and node at `nodeView`:
 * in their own places that user may not be able to walk to them. Sandboxes' mounts are not seen there.
 *
 * @param writable what else is shown there
 * @see setpriv(1), unshare(1)
 */
export function confined(
  settings: Settings,
  program: readonly string[],
  writable: readonly Share[] = [],
): string[] {
  const app = appView(settings)
  const node = nodeView(settings)
  ensureUser(settings)
  for (const directory of [settings.run, app, ...writable.map((share) => share.target)]) {
    mkdirSync(directory, { recursive: true, mode: 0o711 })
  }
  closeSync(openSync(node, 'a', 0o755))
  return [
    // Slave, so that what the host unmounts is unmounted there too.
    ...['unshare', '--mount', '--propagation', 'slave', join(settings.app, 'supervisor/confine.sh')],
    ...writable.flatMap(({ source, target }) => ['rw', source, target]),
    // An operator's own file system, which is no loop device.
    ...['hide', join(settings.home, 'disk')],
    ...['ro', settings.app, app, 'ro', process.execPath, node],
    ...['--', 'setpriv', `--reuid=${settings.group}`, `--regid=${settings.group}`, '--clear-groups'],
    ...['--no-new-privs', '--bounding-set=-all', '--inh-caps=-all'],
    ...['env', `--chdir=${app}`, ...program],
  ]
}

/** Removes the places of the views from the run directory of an instance that does not run. */
export function forgetViews(settings: Settings): void {
  if (!existsSync(settings.run)) return
  rmSync(nodeView(settings), { force: true })
  if (existsSync(appView(settings))) rmdirSync(appView(settings))
  if (readdirSync(settings.run).length === 0) rmdirSync(settings.run)
}
