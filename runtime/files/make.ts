import type { Stats } from 'node:fs'
import { asOwner } from '../linux/fsuid.js'
import { codeOf } from './refusal.js'

/**
 * Makes something in a directory by calls of this thread, as a file of that directory's owner. A program inside may move
 * it away before the next call gives it to whom it is for: made by the host's root it would stay his, and nobody inside
 * could remove it.
 *
 * @param directory whose owner it is
 */
export function makeAsOwnerOf(directory: Stats, make: () => void): void {
  try {
    asOwner(directory, make)
  } catch (error) {
    // The owner has closed it to themselves, or is nobody that the file system knows.
    if (!['EACCES', 'EPERM', 'EOVERFLOW'].includes(codeOf(error) ?? '')) throw error
    make()
  }
}
