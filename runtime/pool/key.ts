import type { Isolation, PoolPurpose } from '../../protocol/api/index.js'

/** What a pool's sandboxes have in common. */
export interface Key {
  readonly template: string
  readonly isolation: Isolation
  /** The size class, in MiB. */
  readonly memoryMiB: number
  readonly purpose: PoolPurpose
}

/** The size class of every sandbox that runs are performed in: its programs have limits of their own. */
export const runMemoryMiB = 64

export const nameOf = ({ template, isolation, memoryMiB, purpose }: Key): string =>
  `${template}-${isolation}-${purpose === 'run' ? 'run' : memoryMiB}`
