import type { Run } from '../inside/run'
import type { ExecResult } from '../lib/protocol'
import { TextError } from '../lib/text-error'
import { type Change, parseStatus, type Status } from './status'

/** For whoever has to sign in at the other end. It is told to git alone, through a pipe, and written nowhere. */
export interface Credentials {
  readonly username: string
  /** Or an access token. */
  readonly password: string
}

/** git said no. The message is its own. */
export class GitError extends Error {
  constructor(
    message: string,
    /** Whoever tries again with other credentials may succeed. */
    readonly needsCredentials: boolean,
  ) {
    super(message)
    this.name = 'GitError'
  }
}

/** Never a question on a terminal that nobody sees, and words that can be told apart. */
const env = { GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C.UTF-8' }
/** Looking must not get in the way of what somebody does in a terminal. */
const lookEnv = { ...env, GIT_OPTIONAL_LOCKS: '0' }
const remoteMs = 600_000
const refused =
  /could not read (Username|Password)|Authentication failed|HTTP Basic: Access denied|The requested URL returned error: 40[13]|Invalid username or (password|token)/

/**
 * Runs `git` with what stdin has as the answer of its credential helper, and with no other helper: one that is configured
 * would write it down. Descriptor 3 keeps the pipe while git gives its own standard input to the helper.
 */
const withCredentials = [
  'exec 3<&0 </dev/null',
  `exec git -c credential.helper= -c credential.helper='!f() { test "$1" != get || cat <&3; }; f' "$@"`,
].join('; ')

/** `git` in one repository of a sandbox. Paths are those of `Change`. */
export class Repository {
  constructor(
    /** The absolute path of its working tree. */
    readonly root: string,
    private readonly run: Run,
  ) {}

  async status(): Promise<Status> {
    return parseStatus(
      await this.#git(['status', '--porcelain=v2', '--branch', '-z', '--untracked-files=normal'], {
        env: lookEnv,
      }),
    )
  }

  /** Takes files into the next commit, deleted ones as well. */
  stage(paths: readonly string[]): Promise<unknown> {
    return this.#forPaths(['add', '--all'], paths)
  }

  async unstage(paths: readonly string[]): Promise<unknown> {
    const { exitCode } = await this.run(this.#command(['rev-parse', '--verify', '--quiet', 'HEAD']))
    // Before the first commit there is nothing to go back to.
    const first = ['rm', '--cached', '-r', '--quiet', '--force']
    return this.#forPaths(exitCode === 0 ? ['reset', '--quiet'] : first, paths)
  }

  /** Gives up what was changed and not staged: files that git does not know are deleted. */
  async discard(changes: readonly Change[]): Promise<void> {
    const pathsOf = (untracked: boolean) =>
      changes.filter(({ kind }) => (kind === 'untracked') === untracked).map(({ path }) => path)
    const [unknown, known] = [pathsOf(true), pathsOf(false)]
    if (known.length > 0) await this.#forPaths(['checkout', '--quiet'], known)
    for (const path of unknown) await this.#git(['clean', '--quiet', '-d', '--force', '--', path])
  }

  /** @param all what is changed and known to git as well, staged or not */
  commit(message: string, all = false): Promise<unknown> {
    const args = ['commit', '--quiet', '--file=-', ...(all ? ['--all'] : [])]
    return this.#git(args, { stdin: message })
  }

  /** The branches here and at remotes, the one used last first; remote ones that are here too are left out. */
  async branches(): Promise<readonly string[]> {
    const format = ['--format=%(refname:short)', '--sort=-committerdate']
    const [here, there] = await Promise.all([
      this.#git(['for-each-ref', ...format, 'refs/heads'], { env: lookEnv }),
      this.#git(['for-each-ref', ...format, 'refs/remotes'], { env: lookEnv }),
    ])
    const local = here.split('\n').filter(Boolean)
    const remote = there
      .split('\n')
      // `origin/HEAD` is written as `origin`.
      .flatMap((name) => (name.includes('/') ? name.slice(name.indexOf('/') + 1) : []))
      .filter((name) => !local.includes(name))
    return [...local, ...new Set(remote)]
  }

  /** @param create a new one from where we are */
  switchTo(branch: string, create = false): Promise<unknown> {
    return this.#git(['switch', '--quiet', ...(create ? ['--create'] : []), branch])
  }

  /** Their commits first, without a merge that somebody would have to write a message for. */
  async pull(credentials: Credentials | null): Promise<void> {
    await this.#remote(['pull', '--quiet', '--no-rebase', '--ff-only'], credentials)
  }

  async push(status: Status, credentials: Credentials | null): Promise<void> {
    const args = status.upstream === null ? ['--set-upstream', 'origin', 'HEAD'] : []
    await this.#remote(['push', '--quiet', ...args], credentials)
  }

  async fetch(credentials: Credentials | null): Promise<void> {
    await this.#remote(['fetch', '--quiet', '--prune'], credentials)
  }

  /** Whether it has a place to push to. */
  async hasRemote(): Promise<boolean> {
    return (await this.#git(['remote'], { env: lookEnv })).trim() !== ''
  }

  /**
   * A file as the last commit (`HEAD`) or the next one (``) has it; empty when that has none.
   * @param revision `HEAD`, or nothing for what is staged
   */
  async content(revision: 'HEAD' | '', path: string): Promise<string> {
    const { exitCode, stdout } = await this.run(this.#command(['show', `${revision}:${path}`]), {
      env: lookEnv,
    })
    return exitCode === 0 ? stdout : ''
  }

  #remote(args: readonly string[], credentials: Credentials | null): Promise<string> {
    return remote(this.run, ['-C', this.root, ...args], credentials)
  }

  #forPaths(args: readonly string[], paths: readonly string[]): Promise<string> {
    const stdin = paths.map((path) => `:(literal,top)${path}`).join('\0')
    return this.#git([...args, '--pathspec-from-file=-', '--pathspec-file-nul'], { stdin })
  }

  #command(args: readonly string[]): string[] {
    return ['git', '-C', this.root, ...args]
  }

  async #git(args: readonly string[], options: Parameters<Run>[1] = {}): Promise<string> {
    return outputOf(await this.run(this.#command(args), { env, ...options }))
  }
}

/** The repositories at and below a directory, a few levels deep. */
export async function findRepositories(run: Run, top: string): Promise<string[]> {
  const script = `find "$1" -maxdepth 4 -name .git -not -path '*/node_modules/*' -prune -print0 2>/dev/null | head -z -n 50`
  const { stdout } = await run(['/bin/sh', '-c', script, 'sh', top])
  return stdout
    .split('\0')
    .filter(Boolean)
    .map((path) => path.slice(0, -'/.git'.length))
    .sort((a, b) => a.length - b.length || (a < b ? -1 : 1))
}

export async function makeRepository(run: Run, root: string): Promise<void> {
  outputOf(await run(['git', 'init', '--quiet', '--initial-branch=main', root], { env }))
}

/** @returns the path of the new working tree, which has the name of the repository */
export async function clone(
  run: Run,
  { url, into, credentials }: { url: string; into: string; credentials: Credentials | null },
): Promise<string> {
  const name = /([^/:]+?)(?:\.git)?\/*$/.exec(url)?.[1] ?? 'repository'
  const root = `${into}/${name}`
  await remote(run, ['clone', '--quiet', '--', url, root], credentials)
  return root
}

async function remote(run: Run, args: readonly string[], credentials: Credentials | null): Promise<string> {
  const options = { env, timeoutMs: remoteMs }
  if (credentials === null) return outputOf(await run(['git', ...args], options))
  const stdin = `username=${oneLine(credentials.username)}\npassword=${oneLine(credentials.password)}\n`
  return outputOf(await run(['/bin/sh', '-c', withCredentials, 'git', ...args], { ...options, stdin }))
}

const oneLine = (text: string) => text.replace(/[\r\n\0]/g, '')

/** @throws GitError when git failed */
function outputOf({ exitCode, stdout, stderr, timedOut }: ExecResult): string {
  if (exitCode === 0) return stdout
  const words = stderr.trim() || stdout.trim()
  if (timedOut) throw new TextError('git.timedOut')
  throw new GitError(words || `git: ${exitCode}`, refused.test(stderr))
}
