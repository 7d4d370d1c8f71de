/** What only the page of webhooks reads: a workspace does not load it. */
import './jitless'

export { eventBounds, eventType } from '../../protocol/api/events'
export * from '../../protocol/api/webhooks'
