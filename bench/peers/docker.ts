import { spawn } from 'node:child_process'
import { mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { memoryOf, processesWith } from '../memory.js'
import { runProgram } from '../program.js'
import type { Ground, Peer } from './peer.js'

/** Docker, with a daemon of its own that ends with the benchmark. */
export async function openDocker(ground: Ground): Promise<Peer> {
  const directory = join(ground.directory, 'docker')
  mkdirSync(directory, { recursive: true })
  const socket = `unix://${directory}/socket`
  const log = openSync(join(directory, 'log'), 'w')
  const daemon = spawn(
    'nsenter',
    [
      ...[`--net=/run/netns/${ground.namespace}`, 'dockerd', '--data-root', join(directory, 'data')],
      ...['--exec-root', join(directory, 'exec'), '--pidfile', join(directory, 'pid'), '-H', socket],
      ...['--cgroup-parent', ground.cgroup, '--log-level', 'error'],
    ],
    { stdio: ['ignore', log, log] },
  )
  const ended = new Promise<void>((resolve) =>
    daemon.once('exit', () => resolve()).once('error', () => resolve()),
  )
  const docker = (...args: string[]) => runProgram('docker', ['-H', socket, ...args])
  const stop = async () => {
    daemon.kill('SIGTERM')
    await ended
  }
  try {
    for (let tries = 0; ; tries++) {
      if (daemon.exitCode !== null || tries === 200) {
        throw new Error(
          `dockerd does not come up: ${readFileSync(join(directory, 'log'), 'utf8').slice(-300)}`,
        )
      }
      if (
        await docker('version').then(
          () => true,
          () => false,
        )
      )
        break
      await sleep(100)
    }
    await docker('import', ground.image, 'base')
  } catch (error) {
    await stop()
    throw error
  }
  return {
    name: 'docker',
    networks: [true, false],
    create: async (network) =>
      docker('run', '--detach', ...(network ? [] : ['--network', 'none']), 'base', 'sleep', '100000'),
    exec: async (id) => void (await docker('exec', id, 'true')),
    once: async () => void (await docker('run', '--rm', '--network', 'none', 'base', 'true')),
    remove: async (id) => void (await docker('rm', '--force', id)),
    memoryOf: (id) => memoryOf(join(ground.cgroup, id), processesWith(`-id ${id}`)),
    [Symbol.asyncDispose]: stop,
  }
}
