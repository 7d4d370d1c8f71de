import pg from 'pg'
import { ApiError } from '../errors.js'
import { RuntimeUnreachable } from '../runtime-client/refusal.js'

/** Refusals of one node that another one need not share. Nothing was made. */
const ofOneNode: ReadonlySet<string> = new Set(['node_full', 'disk_full', 'template_unavailable'])

/**
 * Whether a claim that failed like this can be made on another node. Should one that does not answer have made something
 * all the same, nobody was told of it, and `move_creation` remembers that.
 */
export function mayGoElsewhere(error: unknown): boolean {
  if (error instanceof RuntimeUnreachable) return true
  return error instanceof ApiError && ofOneNode.has(error.code)
}

/** Whether the database refused a new row because its node was cordoned or removed: the registry here was out of date. */
export const isNodeClosed = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && error.code === 'CL001'
