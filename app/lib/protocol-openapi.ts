/** What only the API reference reads: a workspace does not load it. */
import './jitless'

export * from '../../protocol/api/openapi'
