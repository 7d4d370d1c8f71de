import type { KeyLimits } from '../../protocol/api/index.js'

/** What a model is told of the limits of the key that it works with, in a few sentences; empty without any. */
export function limitsText(limits: KeyLimits | null): string {
  if (limits === null) return ''
  const { templates, sandboxes, ttlSeconds, network, readOnly, ownOnly } = limits
  const sizes = [
    ...(limits.cpus === undefined ? [] : [`${limits.cpus} cpus`]),
    ...(limits.memoryMiB === undefined ? [] : [`${limits.memoryMiB} MiB of memory`]),
    ...(limits.diskMiB === undefined ? [] : [`${limits.diskMiB} MiB of disk`]),
  ]
  const hosts = network === undefined || typeof network === 'string' ? network : network.allow.join(', ')
  const told = [
    ...(readOnly ? ['you can only read; nothing can be created, changed or run'] : []),
    ...(ownOnly ? ['you see only the sandboxes and snapshots that you make'] : []),
    ...(templates === undefined ? [] : [`templates: ${templates.join(', ')}`]),
    ...(sandboxes === undefined
      ? []
      : [`at most ${sandboxes} sandboxes at once; delete what you do not need`]),
    ...(ttlSeconds === undefined ? [] : [`each sandbox is deleted ${ttlSeconds} s after its creation`]),
    ...(hosts === undefined || hosts === 'internet' ? [] : [`network at most: ${hosts}`]),
    ...(sizes.length === 0 ? [] : [`one sandbox has at most ${sizes.join(', ')}`]),
  ]
  return ` Limits of your key, which you cannot change: ${told.join('; ')}.`
}
