import { ApiError } from '../errors.js'

/**
 * A page after a row that is gone would be empty, and the rest missing without a word.
 *
 * @param count how many rows that the caller sees have this id
 * @throws ApiError `invalid_request` when the row that a cursor names was deleted, or is somebody else's
 */
export async function requireCursor(
  cursor: string | undefined,
  count: (id: string) => Promise<number>,
): Promise<void> {
  if (cursor === undefined || (await count(cursor)) > 0) return
  throw new ApiError(
    'invalid_request',
    'cursor: what it names was deleted meanwhile; begin with the first page again',
  )
}
