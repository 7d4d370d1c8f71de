import { readFileSync } from 'node:fs'
import { z } from 'zod'

const staged = z
  .object({ caps: z.array(z.string()).optional(), arches: z.array(z.string()).optional() })
  .nullish()
const args = z.array(z.looseObject({ index: z.number(), value: z.number(), op: z.string() })).nullish()
const rule = z.object({
  names: z.array(z.string()),
  action: z.string(),
  args,
  errnoRet: z.number().nullish(),
  includes: staged,
  excludes: staged,
})
const profile = z.object({
  defaultAction: z.string(),
  defaultErrnoRet: z.number().optional(),
  syscalls: z.array(rule),
})

const native = { x64: ['SCMP_ARCH_X86_64', 'amd64'], arm64: ['SCMP_ARCH_AARCH64', 'arm64'] }

/**
 * Ways into the kernel that no program in a sandbox needs, and that many an escape began with. The profile
 * leaves namespaces and mounts to capabilities, which whoever makes a user namespace of its own has; so they
 * are closed here, and with them everything that is only reachable from inside a nested namespace.
 */
const refused = new Set([
  ...['add_key', 'keyctl', 'request_key'],
  ...['bpf', 'perf_event_open', 'userfaultfd', 'open_by_handle_at'],
  ...['io_uring_enter', 'io_uring_register', 'io_uring_setup'],
  ...['setns', 'unshare', 'clone', 'clone3'],
  ...['mount', 'umount', 'umount2', 'pivot_root', 'mount_setattr', 'move_mount', 'open_tree'],
  ...['fsconfig', 'fsmount', 'fsopen', 'fspick'],
  // Segments of its own have let a process into the kernel before; what needs them is older than this image.
  ...['modify_ldt', 'uselib'],
  // One table for the whole host, `fs.aio-max-nr`, which one sandbox can fill.
  ...['io_cancel', 'io_destroy', 'io_getevents', 'io_pgetevents', 'io_setup', 'io_submit'],
  // Memory that the kernel takes out of its own address space: it is pinned, and cannot be moved or dumped.
  ...['memfd_secret'],
  // Their rules are below.
  ...['personality', 'sched_setaffinity', 'socket', 'socketcall', 'socketpair'],
])

/** Every CLONE_NEW… flag. */
const cloneNamespaces = 0x7e020000
const enosys = 38

/** Threads and processes, but no namespaces; clone3 hides its flags from seccomp, and libc falls back to clone. */
const cloneRules = [
  {
    names: ['clone'],
    action: 'SCMP_ACT_ALLOW',
    args: [{ index: 0, value: cloneNamespaces, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
  },
  { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: enosys },
]

/**
 * What programs know to need a privilege that a container may lack, and do without: systemd starts its services without
 * private directories. That the kernel has no such call they take for a fault.
 */
const privilegedRule = {
  names: ['mount', 'umount', 'umount2', 'pivot_root', 'unshare', 'setns'],
  action: 'SCMP_ACT_ERRNO',
  errnoRet: 1,
}

const equals = (index: number, value: number) => ({ index, value, valueTwo: 0, op: 'SCMP_CMP_EQ' })

/**
 * Answers sched_setaffinity(2) with success and does nothing: the kernel's migration threads, which carry a process
 * to another processor, run outside the sandbox's cgroup and before everything else. A few processes that pin
 * themselves again and again kept a neighbour's exec waiting for 0.7 s. An error would end programs that pin their
 * threads as a matter of course. The host's cpusets still bind a sandbox to processors.
 */
const affinityRule = { names: ['sched_setaffinity'], action: 'SCMP_ACT_ERRNO', errnoRet: 0 }

/**
 * The execution domains of the containers project's profile (Linux, its 32-bit form, each with UNAME26, and the
 * question for the current one), and ADDR_NO_RANDOMIZE, which debuggers set for the program that they start. A
 * setuid program loses it.
 * @see personality(2)
 */
const personalityRules = [0x0, 0x8, 0x20000, 0x20008, 0x40000, 0xffffffff].map((persona) => ({
  ...{ names: ['personality'], action: 'SCMP_ACT_ALLOW', args: [equals(0, persona)] },
}))

/** From include/linux/socket.h and include/uapi/linux/in.h. */
const families = { unix: 1, inet: 2, inet6: 10, netlink: 16 } as const
/** The default, ICMP for ping, TCP, UDP, ICMPv6 for ping, and raw, which a missing capability refuses. */
const internetProtocols = [0, 1, 6, 17, 58, 255] as const
/** DCCP, L2TP, SCTP and UDP-Lite; those above 255 are SMC and MPTCP. Programs know this error and fall back. */
const unusedProtocols = [33, 115, 132, 136] as const
const largestProtocol = 255
const [eafnosupport, eprotonosupport] = [97, 93]

/**
 * Sockets of families and protocols that a sandbox has a use for. The others are little used and have often had
 * holes; for one that is not there the kernel starts a program on the host that loads its module; and AF_VSOCK
 * reaches the hypervisor past every network namespace. Of netlink only its routing part, which tells a program its
 * own addresses: netfilter's would be all of nftables. What no rule names answers ENOSYS.
 */
const socketRules = [
  { names: ['socket'], action: 'SCMP_ACT_ALLOW', args: [equals(0, families.unix)] },
  ...[families.inet, families.inet6].flatMap((family) => [
    ...internetProtocols.map((protocol) => ({
      ...{ names: ['socket'], action: 'SCMP_ACT_ALLOW', args: [equals(0, family), equals(2, protocol)] },
    })),
    ...[
      ...unusedProtocols.map((protocol) => equals(2, protocol)),
      { index: 2, value: largestProtocol, valueTwo: 0, op: 'SCMP_CMP_GT' },
    ].map((protocol) => ({
      ...{ names: ['socket'], action: 'SCMP_ACT_ERRNO', errnoRet: eprotonosupport },
      args: [equals(0, family), protocol],
    })),
  ]),
  { names: ['socket'], action: 'SCMP_ACT_ALLOW', args: [equals(0, families.netlink), equals(2, 0)] },
  {
    ...{ names: ['socket'], action: 'SCMP_ACT_ERRNO', errnoRet: eprotonosupport },
    args: [equals(0, families.netlink), { index: 2, value: 0, valueTwo: 0, op: 'SCMP_CMP_NE' }],
  },
  ...[0, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15].map((family) => ({
    ...{ names: ['socket'], action: 'SCMP_ACT_ERRNO', errnoRet: eafnosupport, args: [equals(0, family)] },
  })),
  {
    ...{ names: ['socket'], action: 'SCMP_ACT_ERRNO', errnoRet: eafnosupport },
    args: [{ index: 0, value: families.netlink, valueTwo: 0, op: 'SCMP_CMP_GT' }],
  },
  { names: ['socketpair'], action: 'SCMP_ACT_ALLOW', args: [equals(0, families.unix)] },
]

/**
 * The containers project's default profile as OCI wants it: its conditions on capabilities and architecture
 * are resolved for sandboxes, and `refused` is taken out.
 *
 * @param capabilities those that a sandbox may have, `CAP_…`
 * @see https://github.com/containers/common/blob/main/pkg/seccomp/seccomp.json
 */
export function readSeccomp(file: string, capabilities: readonly string[]): object {
  const source = profile.parse(JSON.parse(readFileSync(file, 'utf8')))
  const [architecture, shortName] = process.arch === 'arm64' ? native.arm64 : native.x64
  const holds = (condition: z.infer<typeof staged>) =>
    (condition?.caps ?? []).every((cap) => capabilities.includes(cap)) &&
    (condition?.arches === undefined || condition.arches.includes(shortName ?? ''))
  const isSet = (condition: z.infer<typeof staged>) =>
    (condition?.caps?.length ?? 0) + (condition?.arches?.length ?? 0) > 0
  const syscalls = source.syscalls
    .filter(
      (one) => (!isSet(one.includes) || holds(one.includes)) && !(isSet(one.excludes) && holds(one.excludes)),
    )
    .map((one) => ({
      names: one.names.filter((name) => !refused.has(name)),
      action: one.action,
      ...(one.args?.length ? { args: one.args } : {}),
      ...(one.errnoRet ? { errnoRet: one.errnoRet } : {}),
    }))
    .filter((one) => one.names.length > 0)
  return {
    defaultAction: source.defaultAction,
    ...(source.defaultErrnoRet === undefined ? {} : { defaultErrnoRet: source.defaultErrnoRet }),
    // 32-bit programs would come with a second table of system calls, and sockets behind one number of it.
    architectures: [architecture],
    syscalls: [...syscalls, ...cloneRules, privilegedRule, affinityRule, ...personalityRules, ...socketRules],
  }
}
