import { ApiError } from '../../errors.js'

/** @param path in the compose file; empty for all of it */
export const refused = (path: string, why: string) =>
  new ApiError('invalid_request', path === '' ? `the compose file ${why}` : `compose file: ${path}: ${why}`)
