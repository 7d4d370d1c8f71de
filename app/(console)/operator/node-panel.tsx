import { useTranslations } from 'use-intl'
import type { z } from 'zod'
import { Age } from '../../components/sandbox/age'
import { Meter } from '../../components/ui/meter'
import { Panel } from '../../components/ui/panel'
import { bytes, percent } from '../../lib/format'
import type { adminNode } from '../../lib/protocol'
import { useFormat } from '../../lib/use-format'

export function NodePanel({ node }: { node: z.infer<typeof adminNode> }) {
  const t = useTranslations()
  const { number } = useFormat()
  const memoryUsed = node.memoryTotalBytes - node.memoryAvailableBytes
  return (
    <Panel title={t('operator.node')}>
      <div className="grid grid-cols-1 gap-x-8 gap-y-4 p-4 sm:grid-cols-3">
        <Meter
          label={t('operator.load')}
          showLabel
          share={node.load1 / node.cpus}
          text={t('operator.loadText', { load: node.load1.toFixed(2), cpus: String(node.cpus) })}
        />
        <Meter
          label={t('operator.memory')}
          showLabel
          share={memoryUsed / node.memoryTotalBytes}
          text={t('operator.of', { used: bytes(memoryUsed), total: bytes(node.memoryTotalBytes) })}
        />
        <Meter
          label={t('operator.sandboxDisk')}
          showLabel
          share={node.diskUsedBytes / node.diskTotalBytes}
          text={t('operator.of', {
            used: percent(node.diskUsedBytes / node.diskTotalBytes),
            total: bytes(node.diskTotalBytes),
          })}
        />
      </div>
      <dl className="tabular grid grid-cols-2 border-line border-t sm:grid-cols-4">
        <Fact name={t('units.bounds.sandboxes')}>{number(node.sandboxes)}</Fact>
        <Fact name={t('operator.running')}>{number(node.running)}</Fact>
        <Fact name={t('operator.uptime')}>
          <Age since={node.startedAt} />
        </Fact>
        <Fact name={t('operator.version')}>{node.version}</Fact>
        <Fact name={t('operator.freeHostDisk')}>{bytes(node.hostFreeBytes)}</Fact>
        <Fact name={t('operator.hardened')}>
          {t(node.hardenedProblem === null ? 'operator.available' : 'operator.notAvailable')}
        </Fact>
        <Fact name={t('operator.limitsShown')}>
          {t(node.viewProblem === null ? 'operator.ownLimits' : 'operator.hostValues')}
        </Fact>
      </dl>
      {node.hardenedProblem !== null && (
        <p className="border-line border-t px-4 py-2.5 text-muted text-xs">
          {t('operator.hardenedProblem', { problem: node.hardenedProblem })}
        </p>
      )}
      {node.viewProblem !== null && (
        <p className="border-line border-t px-4 py-2.5 text-muted text-xs">
          {t('operator.seeHost', { problem: node.viewProblem })}
        </p>
      )}
    </Panel>
  )
}

export function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div className="min-w-0 px-4 py-3">
      <dt className="text-muted text-xs">{name}</dt>
      <dd className="mt-0.5 truncate font-semibold text-base">{children}</dd>
    </div>
  )
}
