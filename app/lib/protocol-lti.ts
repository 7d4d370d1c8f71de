/** What only the pages of learning platforms read: a workspace does not load it. */
import './jitless'

export * from '../../protocol/api/lti'
