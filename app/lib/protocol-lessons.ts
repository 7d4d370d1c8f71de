/** What only the page of a live lesson and the banner of its students read: a workspace does not load it. */
import './jitless'

export * from '../../protocol/api/lessons'
export { weekday } from '../../protocol/api/pools'
export * from '../../protocol/api/thumbnails'
export * from '../../protocol/api/timetables'
