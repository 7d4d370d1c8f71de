import { plainPath } from '../../protocol/api/index.js'
import { idRangeSize } from '../linux/userns.js'
import type { SeccompConfig } from './filter.js'
import type { ImageSettings } from './image-settings.js'
import { type MemoryPath, memoryBounds } from './memory-files.js'
import { type SystemParts, systemEnvironment, systemInit, systemMounts } from './system.js'

/**
 * What root inside needs to install packages and to be several users. It has these over its own user namespace,
 * and nothing over the host. Of Docker's set CAP_NET_RAW is left out (packets of its own making, and AF_PACKET;
 * ping works without), CAP_MKNOD (a user namespace makes no devices) and CAP_AUDIT_WRITE (nor audit records).
 */
export const capabilities = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_NET_BIND_SERVICE',
  'CAP_SETFCAP',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETUID',
  'CAP_SYS_CHROOT',
] as const

/**
 * What each process may have. Open files: the kernel's memory for them is counted, but the host's table of them
 * is one; and no more than most hosts let their own daemons have, for a limit cannot be raised here. Pending
 * signals of a sandbox count as the host's root's too.
 */
const rlimits: readonly Rlimit[] = [
  { type: 'RLIMIT_CORE', soft: 0, hard: 0 },
  { type: 'RLIMIT_NOFILE', soft: 16_384, hard: 16_384 },
  { type: 'RLIMIT_SIGPENDING', soft: 4096, hard: 4096 },
]

/** Pseudo-terminals of one sandbox; the host has 4096 for all. */
const maxPtys = 256
/**
 * One that the first process has and nobody else inside: by it the kernel refuses everybody there to trace that
 * process, to write to its memory or to open its files. It is of no use in a user namespace.
 */
const firstCapability = 'CAP_MKNOD'

/** A bound of one process, of setrlimit(2). */
export interface Rlimit {
  readonly type: string
  readonly soft: number
  readonly hard: number
}

/** What the OCI runtime is asked to run. */
export interface ContainerOptions {
  readonly rootfs: string
  readonly uidBase: number
  readonly cgroup: string
  readonly hostname: string
  readonly memoryBytes: number
  readonly filter: SeccompConfig
  /** Beside those that every process has. */
  readonly rlimits?: readonly Rlimit[]
  /** Of a small machine, whose first process is its own systemd. */
  readonly system?: SystemParts | undefined
  /** Files of the host that it sees beside its own: below /run, so that nothing of it is left on the disk. */
  readonly files?: readonly MountedFile[]
}

/** A file of the host, and where it is inside, to be read. Who may read it, its owner and mode say. */
export interface MountedFile {
  readonly source: string
  readonly destination: string
  readonly isProgram?: boolean
}

const mib = 1024 ** 2

/** The first process of every sandbox: the host's own program, and where it is inside. */
export const hostInit = '/usr/bin/catatonit'
const insideInit = '/run/cloche-init'

/**
 * What a tenant would learn of the host and its neighbours, or could get at the kernel through. The files of /proc that
 * tell the load of the whole host (`stat`, `loadavg`, `meminfo`) are covered by `view/`.
 */
const maskedPaths = [
  ...['acpi', 'asound', 'buddyinfo', 'bus', 'cmdline', 'config.gz', 'consoles', 'diskstats', 'driver'],
  ...['interrupts', 'iomem', 'ioports', 'kallsyms', 'kcore', 'key-users', 'keys', 'kmsg', 'latency_stats'],
  ...['modules', 'pagetypeinfo', 'partitions', 'pressure', 'sched_debug', 'scsi', 'slabinfo', 'softirqs'],
  ...['timer_list', 'timer_stats', 'vmallocinfo', 'zoneinfo'],
]
  .map((name) => `/proc/${name}`)
  .concat(
    ...['block', 'bus', 'dev', 'devices/pci0000:00', 'devices/virtual/block', 'devices/virtual/powercap'].map(
      (name) => `/sys/${name}`,
    ),
    ...['firmware', 'fs', 'kernel', 'module', 'power'].map((name) => `/sys/${name}`),
  )

/**
 * The OCI configuration of a sandbox. Its first process only waits and reaps: what people run comes in as
 * execs and terminals.
 * @see https://github.com/opencontainers/runtime-spec/blob/main/config.md
 */
export function containerSpec(options: ContainerOptions) {
  const idMap = [{ containerID: 0, hostID: options.uidBase, size: idRangeSize }]
  const tmpfs = (
    destination: string,
    mode: string,
    size: { bytes: number; inodes: number },
    ...flags: string[]
  ) => ({
    destination,
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'nodev', ...flags, `mode=${mode}`, `size=${size.bytes}`, `nr_inodes=${size.inodes}`],
  })
  const bounded = (destination: MemoryPath, mode: string, ...flags: string[]) =>
    tmpfs(destination, mode, memoryBounds(destination, options.memoryBytes), ...flags)
  const { system } = options
  const first = processSpec({
    ...{ cwd: '/', user: 'root' },
    ...(system === undefined
      ? { args: [insideInit, '-P'], env: [] }
      : { args: [systemInit], env: [...systemEnvironment, `PATH=${path.PATH}`] }),
  })
  const held = system === undefined ? [...capabilities, firstCapability] : capabilities
  return {
    ociVersion: '1.0.2',
    annotations: options.filter.annotations,
    hostname: options.hostname,
    root: { path: options.rootfs, readonly: false },
    process: {
      ...first,
      capabilities: { bounding: held, effective: held, permitted: held, inheritable: [], ambient: [] },
      terminal: false,
      rlimits: [...rlimits, ...(options.rlimits ?? [])],
    },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
      tmpfs('/dev', '755', { bytes: mib, inodes: 1024 }, 'strictatime'),
      {
        destination: '/dev/pts',
        type: 'devpts',
        source: 'devpts',
        options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5', `max=${maxPtys}`],
      },
      bounded('/dev/shm', '1777', 'noexec'),
      {
        destination: '/dev/mqueue',
        type: 'mqueue',
        source: 'mqueue',
        options: ['nosuid', 'noexec', 'nodev'],
      },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
      bounded('/run', '755'),
      // An image need have none. It is linked with nothing, so that any image can run it.
      { destination: insideInit, type: 'bind', source: hostInit, options: ['bind', 'ro', 'nosuid', 'nodev'] },
      ...(system === undefined ? [] : systemMounts(system)),
      ...(options.files ?? []).map(({ source, destination, isProgram = false }) => ({
        ...{ destination, source, type: 'bind' },
        options: ['bind', 'ro', 'nosuid', 'nodev', ...(isProgram ? [] : ['noexec'])],
      })),
    ],
    linux: {
      cgroupsPath: options.cgroup,
      namespaces: ['pid', 'network', 'ipc', 'uts', 'mount', 'user', 'cgroup'].map((type) => ({ type })),
      uidMappings: idMap,
      gidMappings: idMap,
      rootfsPropagation: 'private',
      seccomp: options.filter.seccomp,
      resources: { devices: [{ allow: false, access: 'rwm' }] },
      maskedPaths: system === undefined ? maskedPaths : maskedPaths.filter((path) => path !== '/sys/fs'),
      readonlyPaths: ['/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
    },
  }
}

export type ContainerSpec = ReturnType<typeof containerSpec>

/** Who a process inside runs as. */
export type InsideUser = 'user' | 'root'

/** Somebody inside, as programs know them. */
export interface Identity {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly groups: readonly number[]
  readonly home: string
  /** Where programs start when nobody says otherwise. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

const path = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' }
const ours = { ...path, SHELL: '/bin/bash', LANG: 'C.UTF-8' }

/** The users of templates that are built from recipes. `user` may use sudo, which puts it into the bounding set's reach. */
const identities: Readonly<Record<InsideUser, Identity>> = {
  root: { name: 'root', uid: 0, gid: 0, groups: [0], home: '/root', cwd: '/root', env: ours },
  user: {
    name: 'user',
    uid: 1000,
    gid: 1000,
    groups: [1000],
    home: '/home/user',
    cwd: '/home/user',
    env: ours,
  },
}

/**
 * Who a user of a sandbox is: of an OCI image, `user` is whom the image says.
 * @param image null for a template from a recipe
 */
export function identityOf(user: InsideUser, image: ImageSettings | null): Identity {
  if (image === null) return identities[user]
  const root = { name: 'root', uid: 0, gid: 0, groups: [0], home: image.rootHome }
  const who = user === 'root' ? root : image.user
  return { ...who, cwd: image.workingDirectory, env: { ...path, ...image.env } }
}

/** The owner of new files in templates from recipes. */
export const recipeUser: { readonly uid: number; readonly gid: number } = identities.user

/** A process inside, in OCI form: for the container's first one, for execs and for terminals. */
export function processSpec(of: {
  args: readonly string[]
  env: readonly string[]
  cwd?: string | undefined
  user: InsideUser | Identity
  /** No program it starts gains anything by set-uid bits or file capabilities: no sudo. */
  noNewPrivileges?: boolean
}): object {
  const { uid, gid, groups, cwd } = typeof of.user === 'string' ? identities[of.user] : of.user
  const held = uid === 0 ? capabilities : []
  return {
    args: of.args,
    env: of.env,
    cwd: of.cwd === undefined ? cwd : plainPath(of.cwd),
    user: { uid, gid, additionalGids: groups },
    capabilities: { bounding: capabilities, effective: held, permitted: held, inheritable: [], ambient: [] },
    rlimits,
    noNewPrivileges: of.noNewPrivileges ?? false,
    oomScoreAdj: 500,
  }
}

/** The environment of every process inside; `extra` wins. `crun exec` does not add the container's own. */
export function insideEnvironment(
  user: InsideUser | Identity,
  ...extra: Readonly<Record<string, string>>[]
): string[] {
  const { name, home, env } = typeof user === 'string' ? identities[user] : user
  const base = { HOME: home, USER: name, LOGNAME: name }
  return Object.entries(Object.assign(base, env, ...extra)).map(([name, value]) => `${name}=${value}`)
}
