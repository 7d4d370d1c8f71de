import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { run } from '../../runtime/linux/spawn.js'
import { testInstance } from '../../runtime/testing/kernel.js'
import { freePort } from '../../testing/instance.js'
import { type KnownProcess, knownProcess } from '../lock.js'

/** How a command of `bin/` ended and what it said, both streams together. */
export interface Outcome {
  readonly code: number | null
  readonly said: string
}

/** A whole Cloche that tests bring up with `bin/up`, with its uplink in a network namespace of its own. */
export class TestInstance {
  readonly run: string
  readonly env: NodeJS.ProcessEnv

  private constructor(
    readonly name: string,
    readonly home: string,
    readonly port: number,
  ) {
    this.run = `/run/cloche/${name}`
    this.env = {
      ...process.env,
      ...{ CLOCHE_INSTANCE: name, CLOCHE_HOME: home, CLOCHE_NETNS: name, PORT: String(port) },
      ...{ CLOCHE_POOL_SIZE: '1', CLOCHE_DISK_GIB: '4', LOG_LEVEL: 'warn' },
    }
  }

  /** @param suffix one or two letters that no other test file uses */
  static async make(suffix: string): Promise<TestInstance> {
    const name = `${testInstance}${suffix}`
    // bin/test looks for homes of this form when it clears up after a run that was interrupted.
    const made = new TestInstance(name, `/var/tmp/${name}-home`, await freePort())
    await run('ip', ['netns', 'del', name]).catch(() => {}) // an interrupted run may have left one
    await run('ip', ['netns', 'add', name])
    await run('ip', ['-n', name, 'link', 'set', 'lo', 'up'])
    return made
  }

  /** Stops it and removes everything that it has. */
  async remove(): Promise<void> {
    await this.bin('down')
    await run('rm', ['-rf', '--one-file-system', this.home])
    await run('ip', ['netns', 'del', this.name])
    await run('userdel', [`cloche-${this.name}`]).catch(() => {}) // it was never up
  }

  start(program: string, args: readonly string[] = [], env: Record<string, string> = {}): ChildProcess {
    return startProgram(join('bin', program), args, { ...this.env, ...env })
  }

  /** Runs a command of `bin/` to its end. */
  bin(program: string, args: readonly string[] = [], env: Record<string, string> = {}): Promise<Outcome> {
    return outcomeOf(this.start(program, args, env))
  }

  up(env: Record<string, string> = {}): Promise<Outcome> {
    return this.bin('up', ['--detach'], env)
  }

  /** The supervisor's children, by name. */
  children(): Record<string, KnownProcess> {
    return z.record(z.string(), knownProcess).parse(JSON.parse(this.read('children.json')))
  }

  supervisor(): KnownProcess {
    return knownProcess.parse(JSON.parse(this.read('supervisor.pid')))
  }

  private read(name: string): string {
    return readFileSync(join(this.run, name), 'utf8')
  }

  /** The status of a page, 0 when nobody answers. */
  async status(path: string): Promise<number> {
    return fetch(`http://127.0.0.1:${this.port}${path}`).then(
      (answer) => answer.status,
      () => 0,
    )
  }
}

/** @param env beside this process's own */
export function startProgram(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): ChildProcess {
  return spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
}

export async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (said += String(chunk)))
  return new Promise((resolve, reject) => {
    child.once('error', reject).once('close', (code) => resolve({ code, said }))
  })
}

/** Asks again until it is so. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await isSo()); tries++) {
    if (tries > 600) throw new Error(`never so: ${what}`)
    await sleep(50)
  }
}
