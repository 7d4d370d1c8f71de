import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { build } from 'esbuild'
import { testInstance } from '../../testing/test-instance.js'
import { run } from '../linux/spawn.js'

/** What stands in one network namespace and writes down who came. */
export interface Host extends Disposable {
  /** `tcp <from> <port>`, `udp <from> <port> <bytes>` and `dns <from> <name>`, with ` x<times>` if there were many. */
  readonly log: readonly string[]
  clear(): void
}

/** What a host answers. */
export interface HostOptions {
  readonly tcp?: readonly number[]
  readonly udp?: readonly number[]
  /** Names it knows, on port 53. */
  readonly names?: Readonly<Record<string, readonly string[]>>
}

/** The outside of an instance under test: addresses of every kind, all of them in namespaces of this machine. */
export interface World extends AsyncDisposable {
  /** The instance's uplink. */
  readonly namespace: string
  /** The resolver's address. */
  readonly resolver: string
  /** Behind the uplink: the internet, and everything that nobody must reach. */
  readonly outside: Host
  /** The instance's own host. */
  readonly inside: Host
}

/** Public as far as the firewall is concerned (TEST-NET-2 and 3). */
export const publicAddresses = ['198.51.100.1', '198.51.100.2', '203.0.113.7'] as const
/** Each of them answers, if a packet gets there. */
export const privateAddresses = [
  '10.1.2.3',
  '100.64.0.1',
  '169.254.169.254',
  '172.16.0.9',
  '192.168.1.1',
  '192.0.0.8',
  '198.18.0.1',
] as const
export const [uplink, resolver] = ['192.0.2.1', '192.0.2.2'] as const

/**
 * Makes two network namespaces joined by a link: the instance's uplink, and a world behind it that answers on
 * public and private addresses alike. No packet leaves the machine.
 */
export async function openWorld(
  name: string,
  names: Readonly<Record<string, readonly string[]>>,
): Promise<World> {
  const beyond = `${name}w`
  const remove = async (namespace: string) => run('ip', ['netns', 'delete', namespace])
  // Left by an earlier, interrupted run.
  for (const namespace of [name, beyond]) await remove(namespace).catch(() => {})
  await run('ip', ['netns', 'add', name])
  await run('ip', ['netns', 'add', beyond])
  const all = [...publicAddresses, ...privateAddresses]
  await run('ip', ['-batch', '-'], {
    input: `link add up0 netns ${name} type veth peer name w0 netns ${beyond}\n`,
  })
  await run('ip', ['-n', name, '-batch', '-'], {
    input: [
      ...['link set lo up', `addr add ${uplink}/24 dev up0`, 'link set up0 up'],
      `route add default via ${resolver}`,
      '',
    ].join('\n'),
  })
  await run('ip', ['-n', beyond, '-batch', '-'], {
    input: [
      ...['link set lo up', `addr add ${resolver}/24 dev w0`, 'link set w0 up'],
      ...all.map((address) => `addr add ${address}/32 dev lo`),
      `route add default via ${uplink}`,
      '',
    ].join('\n'),
  })
  const outside = await startHost(beyond, { tcp: [9, 53, 80, 443], udp: [9, 443], names })
  const inside = await startHost(name, { tcp: [22, 8080], udp: [9] })
  return {
    ...{ namespace: name, resolver, outside, inside },
    async [Symbol.asyncDispose]() {
      outside[Symbol.dispose]()
      inside[Symbol.dispose]()
      for (const namespace of [name, beyond]) await remove(namespace)
    },
  }
}

async function startHost(namespace: string, options: HostOptions): Promise<Host> {
  const outfile = `node_modules/.cache/cloche-instance/${testInstance}/host.mjs`
  await build({
    entryPoints: ['runtime/testing/host.ts'],
    ...{ bundle: true, packages: 'external', platform: 'node', format: 'esm', target: 'node20', outfile },
  })
  const child = spawn(
    'nsenter',
    [`--net=/run/netns/${namespace}`, process.execPath, outfile, JSON.stringify(options)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const log: string[] = []
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the host in ${namespace} ended with ${code}`)))
    createInterface({ input: child.stdout }).on('line', (line) =>
      line === 'ready' ? resolve() : log.push(line),
    )
  })
  return { log, clear: () => void log.splice(0), [Symbol.dispose]: () => void end(child) }
}

function end(child: ChildProcess): void {
  child.removeAllListeners('exit')
  child.kill('SIGKILL')
}
