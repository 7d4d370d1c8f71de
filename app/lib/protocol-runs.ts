/** What only the pages of runs read. */
import './jitless'

export * from '../../protocol/api/run-report'
export * from '../../protocol/api/run-request'
export * from '../../protocol/api/run-result'
