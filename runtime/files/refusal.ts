import type { ErrorCode } from '../../protocol/api/index.js'
import { RuntimeRefusal } from '../errors.js'
import { errnoName, SyscallError } from '../linux/libc.js'

const meanings: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ENOENT: ['file_not_found', 'does not exist'],
  ENOTDIR: ['file_not_found', 'leads through something that is not a directory'],
  EEXIST: ['conflict', 'exists already'],
  ENOTEMPTY: ['conflict', 'is a directory that is not empty'],
  EISDIR: ['conflict', 'is a directory'],
  EBUSY: ['conflict', 'is in use by the system'],
  EAGAIN: ['conflict', 'is locked, or being moved'],
  ETXTBSY: ['conflict', 'is being executed'],
  EXDEV: ['forbidden', 'is not on the disk of the sandbox'],
  EROFS: ['forbidden', 'cannot be written'],
  EPERM: ['forbidden', 'is not permitted'],
  EACCES: ['forbidden', 'is not permitted'],
  ELOOP: ['invalid_request', 'leads through too many links, or through one that may not be followed'],
  EINVAL: ['invalid_request', 'cannot be used so'],
  ENAMETOOLONG: ['invalid_request', 'is too long'],
  EMLINK: ['invalid_request', 'has too many links'],
  EFBIG: ['disk_full', 'would be too large'],
  ENOSPC: ['disk_full', 'does not fit on the disk of the sandbox'],
  EDQUOT: ['disk_full', 'does not fit on the disk of the sandbox'],
}

/** Runs `act`; what the kernel refuses about the tenant's own files becomes an answer that names `path`. */
export async function refusing<T>(path: string, act: () => T | Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    const [code, words] = meanings[codeOf(error) ?? ''] ?? []
    if (code === undefined) throw error
    throw new RuntimeRefusal(code, `${path} ${words}`)
  }
}

/** The errno name of an error of Node's `fs` or of a system call of ours. */
export function codeOf(error: unknown): string | undefined {
  if (error instanceof SyscallError) return error.code
  if (!(error instanceof Error)) return undefined
  // Node has no name for some, such as EDQUOT.
  if ('errno' in error && typeof error.errno === 'number') return errnoName(-error.errno)
  if ('code' in error && typeof error.code === 'string') return error.code
  return undefined
}
