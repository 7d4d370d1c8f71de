/** What only the pages of assignments read, and the pane of a workspace that shows one. */
import './jitless'

export * from '../../protocol/api/assignment-tests'
export * from '../../protocol/api/assignments'
export * from '../../protocol/api/rubrics'
