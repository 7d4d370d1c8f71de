import { homePath } from '../files/paths'
import type { Run } from '../inside/run'

/** Prints the outermost directory, from a file's own up to `$1`, that has one of the names of the rest. */
const script = `top=$1; at=$2; shift 2; found=
while :; do
  for name; do [ -e "$at/$name" ] && found=$at; done
  [ "$at" = "$top" ] || [ "$at" = / ] || [ -z "$at" ] && break
  at=\${at%/*}
done
printf %s "$found"`

/** The directory of the project that a file is in; the home directory when it is in none, or that cannot be found out. */
export async function rootOf(run: Run, path: string, markers: readonly string[]): Promise<string> {
  if (path.startsWith('file:')) return homePath
  const directory = path.slice(0, path.lastIndexOf('/'))
  try {
    const { stdout } = await run(['/bin/sh', '-c', script, 'sh', homePath, directory, ...markers])
    return stdout.startsWith(homePath) && !stdout.includes('\uFFFD') ? stdout : homePath
  } catch {
    return homePath
  }
}
