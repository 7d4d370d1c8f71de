import type { Run } from '../inside/run'

/** More are not looked through. */
export const fileNamesMax = 20_000

/** What is hidden or excluded by .gitignore is left out where the sandbox has ripgrep. */
const script = `cd -- "$1" || exit
if command -v rg >/dev/null; then rg --files --no-config --null; else find . -type f -not -path '*/.*' -print0; fi |
  head -z -n ${fileNamesMax}`

/** Paths of files below a directory, from there; those that are not UTF-8 are left to the tree. */
export async function fileNames(run: Run, directory: string): Promise<readonly string[]> {
  const { stdout } = await run(['/bin/sh', '-c', script, 'sh', directory])
  return stdout
    .split('\0')
    .filter((path) => path !== '' && !path.includes('\uFFFD'))
    .map((path) => path.replace(/^\.\//, ''))
    .sort()
}

/** What is wanted: a file, and the line after a colon. */
export function parseWanted(text: string): { readonly name: string; readonly line: number | null } {
  const [, name = text, line] = /^(.*?):(\d{1,9})?$/.exec(text) ?? []
  return { name: name.trim(), line: line === undefined ? null : Number(line) }
}
