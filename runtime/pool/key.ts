import type { Isolation } from '../../protocol/index.js'

/** What a pool's sandboxes have in common. */
export interface Key {
  readonly template: string
  readonly isolation: Isolation
  /** The size class, in MiB. */
  readonly memoryMiB: number
}

export const nameOf = ({ template, isolation, memoryMiB }: Key): string =>
  `${template}-${isolation}-${memoryMiB}`
