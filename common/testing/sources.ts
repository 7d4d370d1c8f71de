import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Source files of the programs that run as services or commands on a node; tests and their helpers are left out. */
export function programSources(
  folders = ['common', 'gateway', 'runtime', 'server', 'supervisor', 'cli', 'protocol'],
): string[] {
  return folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter(
        (name) =>
          name.endsWith('.ts') && !/\.test\.ts$|\.facts\.ts$|(^|\/)(testing|containment)\//.test(name),
      )
      .map((name) => join(folder, name)),
  )
}
