import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MountedFile } from '../container/spec.js'
import { bundleOf, type NodeContext } from './node.js'
import type { SandboxRecord } from './record.js'

const fileOf = (node: NodeContext, sandbox: SandboxRecord) => join(bundleOf(node, sandbox), 'hosts')

/**
 * The file of names that a member of a stack sees as its /etc/hosts. It is the host's, which writes it anew whenever
 * somebody joins or leaves; addresses are fixed for as long as a sandbox exists, whether it runs or not.
 */
export function hostsFiles(node: NodeContext, sandbox: SandboxRecord): MountedFile[] {
  if (sandbox.stack === null) return []
  write(node, sandbox, [])
  return [{ source: fileOf(node, sandbox), destination: '/etc/hosts' }]
}

/**
 * Tells the members of a stack how the others are called, after one has come or gone.
 * @param all sandboxes of this node that there are now
 */
export function refreshHosts(node: NodeContext, changed: SandboxRecord, all: readonly SandboxRecord[]): void {
  const { tenantId, stack } = changed
  if (stack === null) return
  const members = all.filter((one) => one.tenantId === tenantId && one.stack?.id === stack.id)
  for (const member of members) {
    if (member.init !== null && existsSync(fileOf(node, member))) write(node, member, members)
  }
}

/** In its place: it is mounted, so another file would not be seen. */
function write(node: NodeContext, sandbox: SandboxRecord, members: readonly SandboxRecord[]): void {
  const { stack } = sandbox
  const isNear = (other: SandboxRecord) =>
    other.id !== sandbox.id &&
    other.stack?.networks.some((network) => stack?.networks.includes(network)) === true
  const line = (of: SandboxRecord, names: readonly string[]) =>
    `${node.slot.address(of.index)}\t${names.join(' ')}`
  const own = [...new Set([sandbox.hostname, ...(stack?.names ?? [])])]
  const lines = [
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    line(sandbox, own),
    ...members.filter(isNear).map((other) => line(other, other.stack?.names ?? [])),
  ]
  writeFileSync(fileOf(node, sandbox), `${lines.join('\n')}\n`, { mode: 0o644 })
}
