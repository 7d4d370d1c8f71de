import { join } from 'node:path'
import { memoryOf, processesWith } from '../memory.js'
import { runProgram } from '../program.js'
import type { Ground, Peer } from './peer.js'

/** Runs podman with storage of the benchmark's own, in its network namespace. */
export function podmanIn(ground: Ground): (...args: string[]) => Promise<string> {
  const directory = join(ground.directory, 'podman')
  const storage = ['--root', join(directory, 'root'), '--runroot', join(directory, 'run')]
  const quiet = ['--cgroup-manager', 'cgroupfs', '--log-level', 'fatal']
  return (...args) =>
    runProgram('nsenter', [`--net=/run/netns/${ground.namespace}`, 'podman', ...storage, ...quiet, ...args])
}

/** Podman, which has no daemon; a conmon stands beside each container. */
export async function openPodman(ground: Ground): Promise<Peer> {
  const podman = podmanIn(ground)
  await podman('import', ground.image, 'base')
  // Its defaults are higher than what a host may allow.
  const bounds = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024']
  return {
    name: 'podman',
    networks: [true, false],
    create: (network) =>
      podman(
        ...['run', '--detach', '--cgroup-parent', ground.cgroup, ...bounds],
        ...['--network', network ? 'bridge' : 'none', 'base', 'sleep', '100000'],
      ),
    exec: async (id) => void (await podman('exec', id, 'true')),
    remove: async (id) => void (await podman('rm', '--force', '--time', '0', id)),
    memoryOf: (id) =>
      memoryOf(join(ground.cgroup, `libpod-${id}`), processesWith(`conmon --api-version 1 -c ${id}`)),
    [Symbol.asyncDispose]: async () => {
      await podman('rm', '--all', '--force', '--time', '0')
    },
  }
}
