/** What only the account page reads: a workspace does not load it. */
import './jitless'

export * from '../../protocol/api/ssh'
