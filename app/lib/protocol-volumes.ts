/** What only the pages of volumes read: a workspace does not load it. */
import './jitless'

export * from '../../protocol/api/volumes'
