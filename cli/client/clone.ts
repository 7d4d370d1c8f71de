import type { Sandbox } from '../../sdk/index.js'
import { Failure, UsageError } from '../command.js'

/** Of the environment, so that it is in no list of processes and in no history of a shell. */
const tokenVariable = 'CLOCHE_GIT_TOKEN'
const nameVariable = 'CLOCHE_GIT_USERNAME'
const cloneMs = 3_600_000

/** What stdin has is the answer of git's credential helper, the only one there is: nothing writes it down. */
const withCredentials = `exec 3<&0 </dev/null
exec git -c credential.helper= -c credential.helper='!f() { test "$1" != get || cat <&3; }; f' "$@"`

/** @throws UsageError for an address that git would keep a password of */
export function repositoryOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const url = URL.canParse(text) ? new URL(text) : null
  if (url?.password || (url?.username && /^https?:$/.test(url.protocol))) {
    throw new UsageError(
      `--repository must not contain a password: git would store it in the sandbox. Set ${tokenVariable} (and ${nameVariable}) instead`,
    )
  }
  return text
}

/**
 * Clones a repository into a folder of the home directory. A token of the environment signs in, and stays outside.
 * @throws Failure with what git said; the sandbox is kept
 */
export async function cloneInto(
  sandbox: Sandbox,
  url: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const token = env[tokenVariable]
  const lines = [`username=${env[nameVariable] ?? 'token'}`, `password=${token}`]
  const stdin = token === undefined ? '' : `${lines.map((line) => line.replace(/[\r\n]/g, '')).join('\n')}\n`
  const { exitCode } = await sandbox.exec(
    ['/bin/sh', '-c', withCredentials, 'git', 'clone', '--quiet', '--', url],
    {
      ...{ stdin, timeoutMs: cloneMs, env: { GIT_TERMINAL_PROMPT: '0' } },
      onStderr: (text) => void process.stderr.write(text),
    },
  )
  if (exitCode !== 0)
    throw new Failure(`git could not clone ${url}; the sandbox ${sandbox.id} was created and is kept`)
}
