/** What pages of the console read of what one student may have: a workspace does not load it. */
import './jitless'

export * from '../../protocol/api/student-quota'
