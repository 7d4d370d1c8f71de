import { RuntimeRefusal } from '../errors.js'

/** An image that cannot be used, in words for whoever sent it. */
export const badImage = (why: string) =>
  new RuntimeRefusal('invalid_request', `the image cannot be used: ${why}`)
