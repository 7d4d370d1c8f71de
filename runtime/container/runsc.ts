import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Limits } from '../../protocol/api/index.js'
import type { Reaper } from '../linux/process.js'
import { run } from '../linux/spawn.js'
import { runOci } from './crun.js'
import type { OciRuntime } from './oci-runtime.js'
import { type ContainerSpec, capabilities, insideEnvironment, processSpec } from './spec.js'

/**
 * What gVisor itself takes of a cgroup: its kernel and its file server are processes of many threads in there,
 * and each process inside has threads of the host that run its instructions.
 */
const overhead = { memoryMiB: 96, pids: 128, threadsOfProcess: 4 } as const

const state = z.object({ goferPid: z.number(), sandbox: z.object({ pid: z.number() }) })

/** gVisor as this host has it. */
export interface Runsc {
  readonly program: string
  /** Its state of containers. */
  readonly root: string
  /** How system calls are caught: `systrap`, or `ptrace` in versions before 2023. */
  readonly platform: string
}

/** Programs that ignore SIGTERM at their prompt. gVisor does not tell what a process ignores. */
const shells = /^-?(?:ba|z|fi|k)sh$/

/** The first release whose `systrap` is what it recommends itself. */
const systrapSince = 20230501

/** @returns undefined when gVisor is not installed */
export async function findRunsc(root: string): Promise<Runsc | undefined> {
  try {
    // "runsc version release-20240729.0"; Debian's says 0.0~20240729.0
    const date = /\d{8}/.exec(await run('runsc', ['--version']))?.[0]
    const platform = date !== undefined && Number(date) < systrapSince ? 'ptrace' : 'systrap'
    return { program: 'runsc', root, platform }
  } catch {
    return undefined // not there, or not for this machine
  }
}

/**
 * gVisor takes the beginning of a name for the name, and then refuses `b1` beside `b14`: names of one length cannot be mistaken.
 *
 * @see https://github.com/google/gvisor/blob/release-20240729.0/runsc/container/state_file.go (findContainerID)
 */
const paddedName = (id: string) => id.replace(/\d+$/, (digits) => digits.padStart(6, '0'))
const idOfName = (name: string) => name.replace(/^b0+(?=\d)/, 'b')

const numberIn = (file: string) => Number(readFileSync(file, 'utf8'))

/**
 * Arguments of unshare(1) that run a program where /proc/sys/net is empty, in a mount namespace that ends with it.
 * gVisor refuses to take over the host's own network, and knows it by /proc/sys/net/core/rmem_default being there,
 * which on newer kernels (6.18, say) is there in every network namespace: where it is covered, gVisor believes
 * that it is in the sandbox's, as it is.
 *
 * @see https://github.com/google/gvisor/blob/release-20240729.0/runsc/sandbox/network.go (isRootNS)
 */
const covered = [
  ...['--mount', '--propagation', 'private'],
  ...['/bin/sh', '-c', 'mount -t tmpfs tmpfs /proc/sys/net && exec "$@"', 'sh'],
]

/** Sandboxes on a kernel of their own, in user space, by gVisor. */
export function hardenedRuntime(runsc: Runsc, reaper: Reaper): OciRuntime {
  const base = ['--root', runsc.root, '--platform', runsc.platform, '--overlay2=none', '--file-access=shared']
  const call = (...args: string[]) => run(runsc.program, [...base, ...args])
  const stateFile = (name: string) => join(runsc.root, `${name}_sandbox:${name}.state`)
  // What was started before names were padded is still found by the one it was given.
  const nameOf = (id: string) => (existsSync(stateFile(id)) ? id : paddedName(id))
  const stateOf = (id: string) => {
    try {
      const text = readFileSync(stateFile(nameOf(id)), 'utf8')
      return state.parse(JSON.parse(text))
    } catch {
      return undefined // it was never made, or is gone
    }
  }

  /** What runs in a container, with numbers inside, parents before children; nothing when it has ended. */
  const listOf = async (id: string) => {
    // UID PID PPID C TTY STIME TIME CMD
    const text = await call('ps', '--format', 'table', nameOf(id)).catch(() => '')
    const rows = text.matchAll(/^\S+\s+(\d+)\s+(\d+)\s+\S+\s+\S+\s+\S+\s+\S+\s+(.*)$/gm)
    return Array.from(rows, ([, pid, parent, name = '']) => ({
      ...{ pid: Number(pid), parent: Number(parent), name: name.trim() },
    }))
  }

  /** Every process that descends from `pid`, itself first, as numbers inside. */
  const treeOf = async (id: string, pid: number): Promise<number[]> => {
    const all = await listOf(id)
    const tree = all.some((one) => one.pid === pid) ? [pid] : []
    for (const parent of tree) tree.push(...all.filter((one) => one.parent === parent).map((one) => one.pid))
    return tree
  }

  /** One that has ended meanwhile is no error. */
  const send = (id: string, name: string, pids: readonly number[]) =>
    Promise.all(pids.map((pid) => call('kill', '--pid', String(pid), nameOf(id), name).catch(() => {})))

  return {
    isolation: 'hardened',
    program: runsc.program,
    linksLater: false,
    signals: { lookMs: 400, most: 64 },
    lostCommand: /^waiting on pid \d+: waiting on PID \d+ in sandbox "b\d+": .*\n*$/,
    inheritsDescriptors: false,

    async start(id, bundle, spec, output, connect) {
      writeFileSync(join(bundle, 'config.json'), JSON.stringify(adapted(spec)))
      const log = join(bundle, 'log')
      const pidFile = join(bundle, 'pid')
      const logged = ['--log', log, '--log-format', 'text']
      const nothing = openSync('/dev/null', 'r+')
      try {
        const create = [...base, ...logged, 'create', '--bundle', bundle, '--pid-file', pidFile, nameOf(id)]
        await runOci(runsc.program, reaper, create, log, [nothing, output, output])
        const pid = numberIn(pidFile)
        // Its kernel and its file server are ours now, and must not stay zombies: gVisor would take them for alive.
        for (const ours of [pid, stateOf(id)?.goferPid ?? pid]) void reaper.wait(ours)
        // Its network stack takes over what the namespace has when it starts.
        await connect(pid)
        const start = [runsc.program, ...base, ...logged, 'start', nameOf(id)]
        await runOci('unshare', reaper, [...covered, ...start], log, [nothing, nothing, nothing])
        return pid
      } finally {
        closeSync(nothing)
      }
    },

    async remove(id) {
      const known = stateOf(id)
      if (known !== undefined) await call('delete', '--force', nameOf(id))
    },

    async list() {
      if (!existsSync(runsc.root)) return []
      const names = readdirSync(runsc.root).map((name) => /^(b[0-9]+)_sandbox:.*\.state$/.exec(name)?.[1])
      return names.filter((name) => name !== undefined).map(idOfName)
    },

    initOf: (id) => stateOf(id)?.sandbox.pid,
    rootOf: (id, init) => stateOf(id)?.goferPid ?? init,
    async exec(id, files, stdio) {
      const insideFile = `${files.pid}-inside`
      const args = [...base, '--log', files.log, '--log-format', 'text', 'exec', '--detach']
      args.push('--process', files.process, '--pid-file', files.pid, '--internal-pid-file', insideFile)
      if (files.console !== undefined) args.push('--console-socket', files.console)
      try {
        await runOci(runsc.program, reaper, [...args, nameOf(id)], files.log, stdio)
        return { pid: numberIn(files.pid), inside: numberIn(insideFile) }
      } finally {
        rmSync(insideFile, { force: true })
      }
    },

    async signalTree(id, { inside }, name) {
      if (inside === undefined) return
      const [first, ...descendants] = await treeOf(id, inside)
      // A program that waits for its children is told before they end, not by their end.
      if (first !== undefined) await send(id, name.replace('SIG', ''), [first])
      await send(id, name.replace('SIG', ''), descendants)
    },
    async kill(id, { inside }) {
      let tree: number[] = []
      // Who stands still has no children while they are listed.
      for (let found = inside === undefined ? [] : await treeOf(id, inside); found.length > tree.length; ) {
        tree = found
        await send(id, 'STOP', tree)
        found = await treeOf(id, tree[0] ?? 0)
      }
      await send(id, 'KILL', tree)
    },

    async processes(id) {
      const all = await listOf(id)
      const byPid = new Map(all.map((one) => [one.pid, one]))
      // It tells neither of sessions nor of terminals: what was started from outside may be on one.
      const leaderOf = (pid: number): number | null => {
        const parent = byPid.get(pid)?.parent ?? 1
        return parent === 0 ? pid : parent === 1 ? null : leaderOf(parent)
      }
      return all
        .filter(({ pid }) => pid !== 1)
        .map(({ pid, name }) => ({
          ...{ pid, session: leaderOf(pid), ignoresTerm: shells.test(name) ? 'perhaps' : 'no' },
        }))
    },

    async signal(id, pid, names) {
      // One that has ended meanwhile is no error.
      for (const name of names) {
        await call('kill', '--pid', String(pid), nameOf(id), String(name).replace('SIG', '')).catch(() => {})
      }
    },

    // It knows its processes by their pids.
    relocates: true,
    relocated() {},

    async nameHost(id, _, hostname) {
      const file = join(runsc.root, `${id}.hostname.json`)
      writeFileSync(file, JSON.stringify(namingProcess(hostname)), { mode: 0o600 })
      await call('exec', '--process', file, nameOf(id))
    },

    hostLimits: (limits: Limits) => ({
      ...limits,
      memoryMiB: limits.memoryMiB + overhead.memoryMiB,
      pids: limits.pids * overhead.threadsOfProcess + overhead.pids,
    }),
    // At a limit of the cgroup gVisor itself ends. Each process has the bounds that its container was started
    // with, whatever an exec asks for.
    rlimits: ({ pids }) => [{ type: 'RLIMIT_NPROC', soft: pids, hard: pids }],
    adapts: (from, to) => from.pids === to.pids,
  }
}

/**
 * gVisor lays a tmpfs over an empty /tmp, unless something else is mounted there: so the directory itself is.
 * System calls are its own business, not the host's filter's.
 */
function adapted(spec: ContainerSpec): object {
  const { annotations: _, ...rest } = spec
  const tmp = { destination: '/tmp', type: 'bind', source: join(spec.root.path, 'tmp'), options: ['rbind'] }
  return { ...rest, mounts: [...spec.mounts, tmp], linux: { ...spec.linux, seccomp: undefined } }
}

/** Sets the host name, with the capability for it. The sandbox comes from the pool: no tenant has run anything in it. */
function namingProcess(hostname: string): object {
  const held = [...capabilities, 'CAP_SYS_ADMIN']
  const env = insideEnvironment('root')
  return {
    ...processSpec({ args: ['/bin/hostname', hostname], env, cwd: '/', user: 'root' }),
    capabilities: { bounding: held, effective: held, permitted: held, inheritable: [], ambient: [] },
  }
}
