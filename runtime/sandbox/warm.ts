import type { Claim, PoolPurpose } from '../../protocol/index.js'
import type { Record } from './record.js'

/** Where a claim finds a sandbox that is ready. */
export interface Warm {
  take(claim: Claim, purpose: PoolPurpose): Record | undefined
  /** How long a claim took, from the pool or not. */
  waited(claim: Claim, purpose: PoolPurpose, ms: number): void
}
