import { constants } from 'node:os'
import koffi from 'koffi'
import type { Extent } from '../../common/tar/format.js'
import { check } from './libc.js'

/** What Node has no call for: exact times, extended attributes, named pipes and the holes of files. */
const libc = koffi.load('libc.so.6')

const libcUtimensat = libc.func('utimensat', 'int', ['int', 'void *', 'void *', 'int'])
const libcFutimens = libc.func('futimens', 'int', ['int', 'void *'])
const libcMkfifoat = libc.func('mkfifoat', 'int', ['int', 'void *', 'uint'])
const libcMknodat = libc.func('mknodat', 'int', ['int', 'void *', 'uint', 'uint64'])
const libcFsetxattr = libc.func('fsetxattr', 'int', ['int', 'str', 'void *', 'size_t', 'int'])
const libcSetxattr = libc.func('setxattr', 'int', ['void *', 'str', 'void *', 'size_t', 'int'])
const libcListxattr = libc.func('listxattr', 'long', ['void *', 'void *', 'size_t'])
const libcGetxattr = libc.func('getxattr', 'long', ['void *', 'void *', 'void *', 'size_t'])
const libcFlistxattr = libc.func('flistxattr', 'long', ['int', 'void *', 'size_t'])
const libcFgetxattr = libc.func('fgetxattr', 'long', ['int', 'void *', 'void *', 'size_t'])
const libcLseek = libc.func('lseek', 'int64', ['int', 'int64', 'int'])

const terminated = (text: string | Buffer) => Buffer.concat([Buffer.from(text), Buffer.from([0])])
const nsPerSecond = 1_000_000_000n

/**
 * Sets when an entry of a directory was changed, or without a name when the open file `fd` was; never follows a
 * link. When it was read stays.
 * @see utimensat(2)
 */
export function setModified(fd: number, name: string | Buffer | null, ns: bigint): void {
  const [omit, noFollow] = [0x3fff_fffen, 0x100]
  const fraction = ((ns % nsPerSecond) + nsPerSecond) % nsPerSecond
  const times = new BigInt64Array([0n, omit, (ns - fraction) / nsPerSecond, fraction])
  const result =
    name === null ? libcFutimens(fd, times) : libcUtimensat(fd, terminated(name), times, noFollow)
  check(result, 'utimensat', `descriptor ${fd}`)
}

/** @see mkfifoat(3) */
export function mkfifoAt(fd: number, name: string | Buffer, mode: number): void {
  check(libcMkfifoat(fd, terminated(name), mode), 'mkfifoat', String(name))
}

/** Makes what stands in a layer of overlayfs for a name that the layer removes: the character device 0:0. @see mknodat(3) */
export function makeWhiteout(fd: number, name: Buffer): void {
  const characterDevice = 0o020000
  check(libcMknodat(fd, terminated(name), characterDevice, 0), 'mknodat', String(name))
}

/** @param file an open file, or the path of a directory through its descriptor */
export function setXattr(file: number | Buffer, name: string, value: Buffer): void {
  const result =
    typeof file === 'number'
      ? libcFsetxattr(file, name, value, value.length, 0)
      : libcSetxattr(terminated(file), name, value, value.length, 0)
  check(result, 'setxattr', name)
}

const noXattrs: ReadonlyMap<string, Buffer> = new Map()
const namesBuffer = Buffer.alloc(65_536)
const valueBuffer = Buffer.alloc(65_536)

/**
 * The extended attributes of users (`user.`), which are all that programs inside may set on their own.
 * @param file an open file, or the path of a directory through its descriptor
 */
export function userXattrs(file: number | Buffer): ReadonlyMap<string, Buffer> {
  const length =
    typeof file === 'number'
      ? libcFlistxattr(file, namesBuffer, namesBuffer.length)
      : libcListxattr(terminated(file), namesBuffer, namesBuffer.length)
  if (length <= 0) return noXattrs // none, or a file system without any
  const found = new Map<string, Buffer>()
  for (const name of namesBuffer.toString('utf8', 0, Number(length)).split('\0')) {
    if (!name.startsWith('user.')) continue
    const bytes =
      typeof file === 'number'
        ? libcFgetxattr(file, terminated(name), valueBuffer, valueBuffer.length)
        : libcGetxattr(terminated(file), terminated(name), valueBuffer, valueBuffer.length)
    // Gone meanwhile.
    if (bytes >= 0) found.set(name, Buffer.from(valueBuffer.subarray(0, Number(bytes))))
  }
  return found
}

/** An extended attribute of a file; undefined when it has none of that name, or is gone. */
export function getXattr(file: Buffer, name: string): Buffer | undefined {
  const bytes = libcGetxattr(terminated(file), terminated(name), valueBuffer, valueBuffer.length)
  return bytes < 0 ? undefined : Buffer.from(valueBuffer.subarray(0, Number(bytes)))
}

/** The parts of an open file that are no holes, as far as `sizeBytes`. @see lseek(2), SEEK_DATA */
export function extentsOf(fd: number, sizeBytes: number): Extent[] {
  const [seekData, seekHole] = [3, 4]
  const extents: Extent[] = []
  for (let end = 0; end < sizeBytes; ) {
    const at = Number(libcLseek(fd, end, seekData))
    if (at < 0) {
      if (koffi.errno() === constants.errno.ENXIO) break // a hole up to the end
      return [{ at: 0, bytes: sizeBytes }]
    }
    end = Math.min(sizeBytes, Number(libcLseek(fd, at, seekHole)))
    if (end <= at) break
    extents.push({ at, bytes: end - at })
  }
  return extents
}
