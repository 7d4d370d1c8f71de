import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { memoryOf, processesWith } from '../memory.js'
import { runProgram } from '../program.js'
import type { Ground, Peer } from './peer.js'

const spec = z.looseObject({
  process: z.looseObject({ args: z.array(z.string()), terminal: z.boolean().optional() }),
  root: z.looseObject({ path: z.string() }),
  linux: z.looseObject({}),
})

/**
 * An OCI runtime by itself, with the configuration that its own `spec` writes: no user namespace, no limits, no
 * link to anywhere. It is the floor under everything that is built on one.
 */
export async function openOci(
  ground: Ground,
  name: string,
  program: string,
  flags: readonly string[],
): Promise<Peer> {
  const directory = join(ground.directory, name)
  const bundle = join(directory, 'bundle')
  mkdirSync(bundle, { recursive: true })
  const call = (...args: string[]) =>
    runProgram(program, ['--root', join(directory, 'state'), ...flags, ...args])
  await call('spec', '--bundle', bundle)
  const own = spec.parse(JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8')))
  let count = 0
  const cgroupOf = (id: string) => join(ground.cgroup, id)
  return {
    name,
    networks: [false],
    create: async () => {
      const id = `${name}${count++}`
      const config = {
        ...own,
        process: { ...own.process, terminal: false, args: ['/bin/sleep', '100000'] },
        root: { path: ground.rootfs, readonly: true },
        linux: { ...own.linux, cgroupsPath: cgroupOf(id) },
      }
      // One each: several are made at once.
      const ours = join(directory, id)
      mkdirSync(ours)
      writeFileSync(join(ours, 'config.json'), JSON.stringify(config))
      await call('run', '--detach', '--bundle', ours, id)
      return id
    },
    exec: async (id) => void (await call('exec', id, '/bin/true')),
    remove: async (id) => void (await call('delete', '--force', id)),
    // gVisor, left out of control groups here, keeps a container in processes that are named after it.
    memoryOf: (id) => memoryOf(cgroupOf(id), name === 'runsc' ? processesWith(` ${id} `, `/${id} `) : []),
    [Symbol.asyncDispose]: async () => {},
  }
}

/** The namespaces of a sandbox, and a program that ends at once: what the kernel itself needs. */
export const unshareOnce: readonly string[] = [
  ...['--user', '--map-root-user', '--pid', '--fork', '--net', '--mount', '--ipc', '--uts', 'true'],
]

/** A program that isolates one command and ends with it: made, run and gone in one call. */
export function oneShot(name: string, program: string, args: readonly string[]): Peer {
  return {
    name,
    networks: [false],
    create: async () => {
      await runProgram(program, args)
      return ''
    },
    remove: async () => {},
    [Symbol.asyncDispose]: async () => {},
  }
}
