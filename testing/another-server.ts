import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, type Instance } from './instance.js'

/**
 * One more server program of an instance, on its database and its node: as an operator starts one by hand
 * (docs/how-to/run-several-servers.md). `bin/test` has built what it runs.
 */
export class AnotherServer implements AsyncDisposable {
  #process: ChildProcess | undefined

  private constructor(
    readonly url: string,
    private readonly env: NodeJS.ProcessEnv,
    private readonly log: string,
  ) {}

  static async start(
    instance: Instance,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<AnotherServer> {
    const port = await freePort()
    const run = `/run/cloche/${instance.name}`
    const env = {
      ...{ PATH: process.env.PATH, TZ: 'UTC', NODE_ENV: 'production' as const, LOG_LEVEL: 'warn' },
      DATABASE_URL: `postgresql://cloche@localhost/cloche?host=${encodeURIComponent(`${run}/postgres`)}`,
      ...{ CLOCHE_RUNTIME_SOCKET: `${run}/runtime.sock`, CLOCHE_SECRET_FILE: `${run}/secrets/secret` },
      ...{ CLOCHE_URL: instance.url, HOST: '127.0.0.1', PORT: String(port), ...settings },
    }
    const server = new AnotherServer(
      `http://127.0.0.1:${port}`,
      env,
      join(instance.home, 'another-server.log'),
    )
    await server.restart()
    return server
  }

  get pid(): number {
    return this.#process?.pid ?? 0
  }

  /** Starts it, again if need be, and waits until it answers. */
  async restart(): Promise<void> {
    if (this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null) {
      throw new Error('it runs already')
    }
    const log = openSync(this.log, 'a')
    this.#process = spawn(process.execPath, ['--enable-source-maps', 'dist/server/index.js'], {
      env: this.env,
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    for (let tries = 0; tries < 1200; tries++) {
      if (this.#process.exitCode !== null) throw new Error(`the server ended with ${this.#process.exitCode}`)
      const answer = await fetch(new URL('/readyz', this.url)).catch(() => undefined) // it starts
      if (answer?.status === 200) return
      await sleep(50)
    }
    throw new Error('the server does not answer')
  }

  /** Ends it by a signal, and waits for that. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const { exitCode, signalCode, pid } = this.#process ?? {}
    if (this.#process === undefined || pid === undefined || exitCode !== null || signalCode !== null) return
    const ended = once(this.#process, 'exit')
    process.kill(pid, signal)
    await ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL')
  }
}
