import { readFileSync } from 'node:fs'
import { z } from 'zod'

const gate = z
  .object({ caps: z.array(z.string()).optional(), arches: z.array(z.string()).optional() })
  .nullish()
const args = z.array(z.looseObject({ index: z.number(), value: z.number(), op: z.string() })).nullish()
const rule = z.object({
  names: z.array(z.string()),
  action: z.string(),
  args,
  errnoRet: z.number().nullish(),
  includes: gate,
  excludes: gate,
})
const profile = z.object({
  defaultAction: z.string(),
  defaultErrnoRet: z.number().optional(),
  archMap: z.array(z.object({ architecture: z.string(), subArchitectures: z.array(z.string()).nullish() })),
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
 * The containers project's default profile as OCI wants it: its conditions on capabilities and architecture
 * are resolved for sandboxes, and `refused` is taken out.
 *
 * @param capabilities those that a sandbox may have, `CAP_…`
 * @see https://github.com/containers/common/blob/main/pkg/seccomp/seccomp.json
 */
export function readSeccomp(file: string, capabilities: readonly string[]): object {
  const source = profile.parse(JSON.parse(readFileSync(file, 'utf8')))
  const [architecture, shortName] = process.arch === 'arm64' ? native.arm64 : native.x64
  const holds = (condition: z.infer<typeof gate>) =>
    (condition?.caps ?? []).every((cap) => capabilities.includes(cap)) &&
    (condition?.arches === undefined || condition.arches.includes(shortName ?? ''))
  const isSet = (condition: z.infer<typeof gate>) =>
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
  const map = source.archMap.find((one) => one.architecture === architecture)
  return {
    defaultAction: source.defaultAction,
    ...(source.defaultErrnoRet === undefined ? {} : { defaultErrnoRet: source.defaultErrnoRet }),
    architectures: [architecture, ...(map?.subArchitectures ?? [])],
    syscalls: [...syscalls, ...cloneRules],
  }
}
