import { createHash } from 'node:crypto'

/** As base64url. */
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url')
