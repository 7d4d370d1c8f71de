/** The way of every page to the contract: see `jitless.ts` for why it must be the only one. */
import './jitless'

export * from '../../protocol/account'
export * from '../../protocol/api'
export * from '../../protocol/ids'
export * from '../../protocol/limits'
export * from '../../protocol/network'
export * from '../../protocol/pools'
export * from '../../protocol/quarantine'
export * from '../../protocol/run'
export * from '../../protocol/runtime'
export * from '../../protocol/sandbox'
export * from '../../protocol/terminals'
