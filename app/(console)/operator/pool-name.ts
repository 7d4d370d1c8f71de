import type { PoolStatus } from '../../lib/protocol-operator'
import type { Translate } from '../../messages/texts'

/** A pool is told apart by what its sandboxes are made from and their size. */
export function poolName({ template, isolation, purpose, memoryMiB }: PoolStatus, t: Translate): string {
  if (purpose === 'run') return t('operator.poolForRuns', { template })
  return t('operator.poolOf', {
    ...{ template, isolation: t(`operator.isolations.${isolation}`), memoryMiB: String(memoryMiB) },
  })
}
