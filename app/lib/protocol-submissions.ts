/** What only what shows hand-ins and grades reads: a workspace loads it with the pane of its assignment. */
import './jitless'

export * from '../../protocol/api/grading'
export * from '../../protocol/api/line-comments'
export * from '../../protocol/api/submissions'
