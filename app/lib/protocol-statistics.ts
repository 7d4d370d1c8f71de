/** What only statistics of assignments, and the operator's settings of them, read. */
import './jitless'

export * from '../../protocol/api/statistics'
