/** What only the pages of similar hand-ins read. */
import './jitless'

export * from '../../protocol/api/similarity'
