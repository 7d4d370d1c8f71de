/** What only the pages of builds read: a workspace does not load it. */
import './jitless'

export * from '../../protocol/api/builds'
export * from '../../protocol/api/dockerignore'
