/** What only the pages of keys read: a workspace does not load it. */
import './jitless'

export * from '../../protocol/api/grants'
export * from '../../protocol/api/keys'
