import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { Cloche } from '../sdk/index.js'
import type { Instance } from './instance.js'
import { sharedInstance } from './shared-instance.js'

type Variables = Readonly<Record<string, string>>

/** How a command ended, and what it printed. */
export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** A user's `bin/cloche`, logged in to an instance of its own that has a sandbox called `box`. */
export interface CommandLine extends AsyncDisposable {
  readonly instance: Instance
  readonly cloche: Cloche
  /** The id of `box`. */
  readonly box: string
  /** A directory of the user's own. */
  readonly home: string
  readonly env: NodeJS.ProcessEnv
  start(args: readonly string[], more?: Variables): ChildProcess
  /** Gives a command its input and waits for its end. */
  end(child: ChildProcess, stdin?: string | Uint8Array): Promise<Ended>
  call(args: readonly string[], stdin?: string | Uint8Array, more?: Variables): Promise<Ended>
  /** What a command prints that must succeed without a complaint. */
  ok(...args: string[]): Promise<string>
}

export async function openCommandLine(): Promise<CommandLine> {
  const instance = await sharedInstance()
  const home = await mkdtemp(join(tmpdir(), 'cloche-cli-'))
  const { PATH, LANG } = process.env
  const env = { NODE_ENV: 'test' as const, PATH, LANG, HOME: home, XDG_CONFIG_HOME: join(home, 'config') }
  const cloche = new Cloche({ url: instance.url, apiKey: instance.admin.apiKey })
  const start: CommandLine['start'] = (args, more = {}) =>
    spawn('bin/cloche', args, { env: { ...env, ...more } })
  const end: CommandLine['end'] = async (child, stdin = '') => {
    const code = new Promise<number | null>((resolve) => child.once('close', resolve))
    child.stdin?.on('error', () => {}).end(stdin) // it may end without reading
    const streams = [child.stdout, child.stderr].map((one) => (one === null ? '' : text(one)))
    const [out = '', err = ''] = await Promise.all(streams)
    return { code: await code, out, err }
  }
  const call: CommandLine['call'] = (args, stdin, more) => end(start(args, more), stdin)
  const limits = { memoryMiB: 128, diskMiB: 64, pids: 64 }
  const { id: box } = await cloche.sandboxes.create({ name: 'box', limits })
  await call(['login', instance.url], instance.admin.apiKey)
  return {
    ...{ instance, cloche, box, home, env, start, end, call },
    ok: async (...args) => {
      const { code, out, err } = await call(args)
      if (code === 0 && err === '') return out
      throw new Error(`cloche ${args.join(' ')} ended with ${code}: ${err}`)
    },
    async [Symbol.asyncDispose]() {
      await rm(home, { recursive: true, force: true })
      await instance[Symbol.asyncDispose]()
    },
  }
}
