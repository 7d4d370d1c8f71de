/** What only the page of the audit log reads: a workspace does not load it. */
import './jitless'

export * from '../../protocol/api/audit'
