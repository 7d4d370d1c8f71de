import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { watch } from 'chokidar'
import type { Logger } from '../common/log.js'
import type { Supervisor } from '../supervisor/supervisor.js'

const run = promisify(execFile)

/** What a running instance is made of: the name its supervisor has for it, and its file below `dist/`. */
export const programs = {
  terminals: 'runtime/host/host.js',
  runtime: 'runtime/index.js',
  server: 'server/index.js',
} as const
type Program = keyof typeof programs

const sources = ['common', 'gateway', 'protocol', 'runtime', 'server', 'prisma', 'sdk', 'supervisor', 'cli']
/** An editor writes a file in several steps, and a checkout changes many. */
const quietMs = 60

/** The programs whose content differs. */
export function changed(
  before: Readonly<Record<Program, string>>,
  now: Readonly<Record<Program, string>>,
): Program[] {
  return (['terminals', 'runtime', 'server'] as const).filter((name) => before[name] !== now[name])
}

/**
 * Builds the programs when a source changes, and restarts those that became others. A build that fails says why, and
 * leaves what runs as it is.
 */
export function rebuildOnChange(
  directory: string,
  supervisor: Pick<Supervisor, 'restart'>,
  say: (line: string) => void,
  log: Logger,
): AsyncDisposable {
  let digests = digestsIn(directory)
  let working = false
  let again = false
  let timer: NodeJS.Timeout | undefined

  const rebuild = async () => {
    do {
      again = false
      try {
        await run(join(directory, 'bin/build'), ['--without-pages'], { cwd: directory })
      } catch (error) {
        say(`the build failed:\n${wordsOf(error)}`)
        continue
      }
      const now = digestsIn(directory)
      const programsToRestart = changed(digests, now)
      digests = now
      for (const name of programsToRestart) await supervisor.restart(name)
    } while (again)
  }
  const noticed = () => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      again = true
      if (working) return // it looks again when it is done
      working = true
      rebuild()
        .catch((error: unknown) => log.error({ error }, 'restarting failed'))
        .finally(() => {
          working = false
        })
    }, quietMs)
  }
  const watcher = watch(
    sources.map((source) => join(directory, source)),
    {
      ignoreInitial: true,
      ignored: (path) => /\.test\.ts$|\/generated(\/|$)/.test(path),
    },
  )
  watcher.on('all', noticed)
  return {
    async [Symbol.asyncDispose]() {
      clearTimeout(timer)
      await watcher.close()
    },
  }
}

function digestsIn(directory: string): Record<Program, string> {
  const digest = (name: Program) =>
    createHash('sha256')
      .update(readFileSync(join(directory, 'dist', programs[name])))
      .digest('hex')
  return { terminals: digest('terminals'), runtime: digest('runtime'), server: digest('server') }
}

/** What a program that failed has said. */
function wordsOf(error: unknown): string {
  if (error instanceof Error && 'stderr' in error && String(error.stderr) !== '') return String(error.stderr)
  return error instanceof Error ? error.message : String(error)
}
