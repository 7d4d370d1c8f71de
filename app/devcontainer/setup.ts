import type { Run } from '../inside/run'
import { type Devcontainer, devcontainerBytesMax, quoted } from './parse'

/** Where a repository may have one, the likeliest first. @see https://containers.dev/implementors/spec/#devcontainerjson */
const readScript = `cd "$1" || exit 0
for file in .devcontainer/devcontainer.json .devcontainer.json .devcontainer/*/devcontainer.json; do
  if [ -f "$file" ]; then head -c ${devcontainerBytesMax + 1} "$file"; exit; fi
done
exit 3`

/** The text of the `devcontainer.json` of a repository; null when it has none. */
export async function readDevcontainer(run: Run, root: string): Promise<string | null> {
  const { exitCode, stdout } = await run(['/bin/sh', '-c', readScript, 'sh', root])
  return exitCode === 0 ? stdout : null
}

const envFile = '.config/cloche/devcontainer.sh'
const writeScript = `umask 077; mkdir -p ~/.config/cloche && cat > ~/${envFile} &&
{ grep -qF '${envFile}' ~/.bashrc 2>/dev/null || printf '\\n%s\\n' '[ ! -r ~/${envFile} ] || . ~/${envFile}' >> ~/.bashrc; }`

/** Gives terminals that are opened from now on the variables of the file. @throws Error with what the sandbox says */
export async function writeVariables(run: Run, root: string, { env }: Devcontainer): Promise<void> {
  if (env.size === 0) return
  const lines = [...env].map(([name, value]) =>
    value === null ? `unset ${name}` : `export ${name}=${shellValue(value, root)}`,
  )
  const stdin = `# Of ${root.replace(/[\r\n]/g, ' ')}/devcontainer.json: written by the workspace.\n${lines.join('\n')}\n`
  const { exitCode, stderr } = await run(['/bin/sh', '-c', writeScript], { stdin })
  if (exitCode !== 0) throw new Error(stderr.trim())
}

/** A value as a word of a shell, with the variables of the specification; everything else stands for itself. */
export function shellValue(value: string, root: string): string {
  return value
    .split(/(\$\{[^}]*\})/)
    .map((part) => {
      const [, name = '', more = ''] = /^\$\{([A-Za-z]+)(?::([^}]*))?\}$/.exec(part) ?? []
      const [variable = '', otherwise = ''] = more.split(/:(.*)/s)
      if (name === 'containerEnv' && /^[A-Za-z_]\w*$/.test(variable)) return `"\${${variable}-}"`
      if (name === 'localEnv') return quoted(otherwise)
      if (name === 'containerWorkspaceFolder' || name === 'localWorkspaceFolder') return quoted(root)
      if (name === 'containerWorkspaceFolderBasename' || name === 'localWorkspaceFolderBasename')
        return quoted(root.slice(root.lastIndexOf('/') + 1))
      return part === '' ? '' : quoted(part)
    })
    .join('')
}

/** For bash: the commands, one after the other, until one fails. @param failed what is said then */
export function setupScript({ commands }: Devcontainer, failed: string): string {
  const lines = commands.map(({ key, script }) => {
    const said = script.startsWith('/bin/sh -c ') ? script.slice('/bin/sh -c '.length) : script
    return [
      `printf '\\n\\033[1m%s\\033[0m\\n' ${quoted(`${key}: `)}${quoted(said)}`,
      `${script} || { status=$?; printf '\\033[31m%s\\033[0m\\n' ${quoted(failed)}; exit $status; }`,
    ].join('\n')
  })
  return lines.join('\n')
}
