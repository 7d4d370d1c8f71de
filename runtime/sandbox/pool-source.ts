import type { PoolPurpose } from '../../protocol/api/index.js'
import type { Claim } from '../../protocol/node/index.js'
import type { SandboxRecord } from './record.js'

/** Where a claim finds a sandbox that is ready. */
export interface PoolSource {
  take(claim: Claim, purpose: PoolPurpose): SandboxRecord | undefined
  /** How long a claim took, from the pool or not. */
  recordLatency(claim: Claim, purpose: PoolPurpose, ms: number): void
}
