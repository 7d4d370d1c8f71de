import type { PoolStatus } from '../../lib/protocol'

/** A pool is told apart by what its sandboxes are made from and their size. */
export function poolName({ template, isolation, purpose, memoryMiB }: PoolStatus): string {
  return purpose === 'run' ? `${template}, for runs` : `${template}, ${isolation}, ${memoryMiB} MiB`
}
