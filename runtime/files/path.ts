import { pathBytes } from '../../protocol/api/index.js'
import { RuntimeRefusal } from '../errors.js'

/** Where relative paths start: the home of the user inside. */
const home = Buffer.from('/home/user/')
const slash = 0x2f

/** The bytes of a path, which the API gives as text. @throws RuntimeRefusal `invalid_request` */
export function bytesOf(path: string | Buffer): Buffer {
  if (Buffer.isBuffer(path)) return path
  const bytes = pathBytes(path)
  if (typeof bytes === 'string') throw new RuntimeRefusal('invalid_request', `${path} ${bytes}`)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/**
 * The path as the kernel gets it: absolute. `..` and links are the kernel's to resolve.
 * @param path as the API has it, or the bytes themselves
 */
export function absolute(path: string | Buffer): Buffer {
  const bytes = bytesOf(path)
  return bytes[0] === slash ? bytes : Buffer.concat([home, bytes])
}

/** A directory and a name in it. */
export interface Place {
  readonly directory: Buffer
  readonly name: Buffer
}

/**
 * Cuts a path before its last name.
 * @throws RuntimeRefusal `invalid_request` when there is none: `/`, `a/..`, `.`
 */
export function place(path: string | Buffer): Place {
  const whole = absolute(path)
  let end = whole.length
  while (end > 0 && whole[end - 1] === slash) end--
  const bare = whole.subarray(0, end)
  const cut = bare.lastIndexOf(slash)
  const name = bare.subarray(cut + 1)
  if (['', '.', '..'].includes(name.toString('latin1'))) {
    throw new RuntimeRefusal('invalid_request', `${path} does not end in a name`)
  }
  return { directory: cut > 0 ? bare.subarray(0, cut) : Buffer.from('/'), name }
}
