import { useTranslations } from 'use-intl'
import { oneLine } from '../../lib/format'
import type { KeyLimits } from '../../lib/protocol-keys'

/** The limits of a key in one line of small parts. */
export function LimitsLine({ limits }: { limits: KeyLimits }) {
  const t = useTranslations()
  const { templates, sandboxes, ttlSeconds, network, cpus, memoryMiB, diskMiB } = limits
  const reach = typeof network === 'object' ? network.allow.join(', ') : t('sandbox.none')
  const parts = [
    ...(limits.readOnly ? [t('keys.limits.readOnly')] : []),
    ...(limits.ownOnly ? [t('keys.limits.ownOnly')] : []),
    ...(templates === undefined ? [] : [t('keys.told.templates', { names: templates.join(', ') })]),
    ...(sandboxes === undefined ? [] : [t('keys.told.sandboxes', { count: sandboxes })]),
    ...(ttlSeconds === undefined ? [] : [t('keys.told.minutes', { minutes: ttlSeconds / 60 })]),
    ...(network === undefined || network === 'internet' ? [] : [t('keys.told.network', { reach })]),
    ...(cpus === undefined ? [] : [t('keys.told.cpus', { count: cpus })]),
    ...(memoryMiB === undefined ? [] : [t('keys.told.memory', { count: String(memoryMiB) })]),
    ...(diskMiB === undefined ? [] : [t('keys.told.disk', { count: String(diskMiB) })]),
  ]
  return (
    <span className="block max-w-96 whitespace-normal font-normal text-muted text-xs">
      {parts.length === 0 ? t('keys.told.plain') : oneLine(parts.join(' · '), 500)}
    </span>
  )
}
