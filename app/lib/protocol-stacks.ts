/** What only the pages of stacks read: a workspace does not load it. */
import './jitless'

export * from '../../protocol/api/stacks'
