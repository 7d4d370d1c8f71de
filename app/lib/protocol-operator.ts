/** What only the page of operators reads: a workspace does not load it. */
import './jitless'

export * from '../../protocol/api/nodes'
export * from '../../protocol/api/pools'
export * from '../../protocol/api/quarantine'
