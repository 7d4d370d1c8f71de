/** What only the page of schedules reads: a workspace does not load it. */
import './jitless'

export * from '../../protocol/api/schedules'
