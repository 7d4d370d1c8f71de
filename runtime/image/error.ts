import { RuntimeRefusal } from '../errors.js'

/** An image that cannot be used, in words for whoever sent it. */
export const badImage = (why: string) =>
  new RuntimeRefusal('invalid_request', `the image cannot be used: ${why}`)

/** An image that is more than whoever wants it may have. */
export const noRoom = (bytesMax: number) =>
  new RuntimeRefusal(
    'quota_exceeded',
    `the image is larger than the ${Math.floor(bytesMax / 1024 ** 2)} MiB of disk that are left`,
  )
