import type { Run } from './run'

/** How a project is run. */
export interface Project {
  readonly directory: string
  /** For a shell. */
  readonly command: string
}

/**
 * Looks in each directory it is given, and in those above up to the first argument, for what says how the project is run.
 * The first that says something counts: a target of make, a script of npm, and so on.
 */
export const projectScript = `top=$1; shift
found() { printf '%s\\0%s\\0' "$at" "$1"; exit; }
script() { grep -Eq "\\"$1\\"[[:space:]]*:" "$at/package.json"; }
for at; do
  while [ -n "$at" ]; do
    [ -f "$at/Makefile" ] && grep -Eq '^run[[:space:]]*:' "$at/Makefile" && found 'make run'
    if [ -f "$at/package.json" ]; then
      first=
      if [ ! -d "$at/node_modules" ] && grep -Eq '"(devD|d)ependencies"' "$at/package.json"; then first='npm install && '; fi
      script dev && found "\${first}npm run dev"
      script start && found "\${first}npm start"
    fi
    [ -f "$at/Cargo.toml" ] && found 'cargo run'
    [ -f "$at/go.mod" ] && found 'go run .'
    [ -f "$at/manage.py" ] && found 'python3 manage.py runserver'
    for file in main.py app.py; do [ -f "$at/$file" ] && found "python3 $file"; done
    [ -f "$at/Main.java" ] && found 'java Main.java'
    [ -f "$at/main.sh" ] && found 'bash main.sh'
    [ -f "$at/index.html" ] && found 'python3 -m http.server 8000'
    [ "$at" != "$top" ] || break
    at=\${at%/*}
  done
done`

/**
 * Finds the project that is worked on.
 * @param places directories, the likeliest first
 * @returns null when nothing says how anything there is run
 */
export async function findProject(run: Run, top: string, places: readonly string[]): Promise<Project | null> {
  const { stdout } = await run(['/bin/sh', '-c', projectScript, 'sh', top, ...places])
  const [directory, command] = stdout.split('\0')
  return directory && command ? { directory, command } : null
}

const copyScript = 'test ! -d /usr/share/cloche/starter || cp -rn /usr/share/cloche/starter/. ~'

/** Copies the starter of the template into the home directory. Nothing that is there is replaced. @throws Error */
export async function copyStarter(run: Run): Promise<void> {
  const { exitCode, stderr } = await run(['/bin/sh', '-c', copyScript])
  if (exitCode !== 0) throw new Error(stderr.trim())
}
