/** What only the pages of classes read: a workspace does not load it. */
import './jitless'

export * from '../../protocol/api/classes'
