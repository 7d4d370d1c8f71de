import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readlinkSync,
  type Stats,
  statfsSync,
} from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { recipeUser } from '../container/spec.js'
import { RuntimeRefusal } from '../errors.js'
import { openat2 } from '../linux/libc.js'
import { idRangeSize } from '../linux/userns.js'
import { viewedFiles } from '../view/files.js'
import { absolute } from './path.js'
import { codeOf } from './refusal.js'

const served = new Set(viewedFiles.map((file) => `/${file}`))

/** A descriptor that only names a file: opening it so never blocks, and wakes nobody at a pipe's other end. */
const oPath = 0o10000000
const oCloexec = 0o2000000
const noSuchId = 65_534

/** @see openat2(2) */
const resolve = { noXdev: 1, noMagiclinks: 2, noSymlinks: 4, beneath: 8, inRoot: 16 } as const

/** @see statfs(2) */
const diskTypes = new Set([0x794c7630 /* overlay */, 0x9123683e /* btrfs */])
const memoryType = 0x01021994 // tmpfs

/** `openat2` gives up on `..` when anybody on the host renames or mounts meanwhile, and wants to be asked again. */
const triesWhileMoving = 200

/** Something in a sandbox's file system, held by a descriptor: whatever its names do, it stays this one. */
export class PathHandle implements Disposable {
  constructor(readonly fd: number) {}

  /** For Node's `fs`: the thing itself, or with a name an entry of this directory. Never resolved by name again. */
  path(name?: string | Buffer): Buffer {
    const own = Buffer.from(`/proc/self/fd/${this.fd}`)
    return name === undefined ? own : Buffer.concat([own, Buffer.from('/'), Buffer.from(name)])
  }

  stat(): Stats {
    return fstatSync(this.fd)
  }

  /** Whether it is one of the files of lxcfs: even to stat one waits for the daemon, and with us everybody else. */
  isServedByDaemon(): boolean {
    return served.has(readlinkSync(this.path(), 'utf8'))
  }

  exactStat(): BigIntStats {
    return fstatSync(this.fd, { bigint: true })
  }

  /**
   * Opens a regular file for reading.
   * @throws RuntimeRefusal `conflict` for anything else: a pipe would block, a device is the kernel's
   */
  async read(shown: string): Promise<FileHandle> {
    this.assertRegular(shown)
    // Not blocking: or a lease that the tenant holds on the file would hold us for 45 s.
    return open(this.path(), constants.O_RDONLY | constants.O_NONBLOCK)
  }

  /** The same for a thread that may wait. @returns a descriptor */
  openRegular(shown: string): number {
    this.assertRegular(shown)
    return openSync(this.path(), constants.O_RDONLY | constants.O_NONBLOCK)
  }

  /** @throws RuntimeRefusal `conflict` for anything but a regular file, `forbidden` on `/proc` and the like */
  assertRegular(shown: string): void {
    const stat = this.stat()
    if (stat.isDirectory()) throw new RuntimeRefusal('conflict', `${shown} is a directory`)
    if (!stat.isFile()) throw new RuntimeRefusal('conflict', `${shown} is not a regular file`)
    this.refuseForeign(shown)
  }

  /** @throws RuntimeRefusal `forbidden` on `/proc`, `/sys` and the like, where the runtime can do more than the tenant */
  refuseForeign(shown: string): void {
    const { type } = statfsSync(this.path())
    if (!diskTypes.has(type) && type !== memoryType) throw notOnDisk(shown)
  }

  /** @throws RuntimeRefusal `forbidden` outside the disk: what we write to a tmpfs counts against nobody's memory */
  refuseUnwritable(shown: string): void {
    if (!diskTypes.has(statfsSync(this.path()).type)) throw notOnDisk(shown)
  }

  /** A directory right in this one, not followed if it is a link, not entered if another file system is there. */
  enter(name: string | Buffer): PathHandle {
    const flags = oPath | oCloexec | constants.O_DIRECTORY | constants.O_NOFOLLOW
    return new PathHandle(openWithin(this.fd, name, flags, strictly))
  }

  /** An entry right in this one, whatever it is. */
  entry(name: string | Buffer): PathHandle {
    return new PathHandle(openWithin(this.fd, name, oPath | oCloexec | constants.O_NOFOLLOW, strictly))
  }

  /** A directory some steps below, with no link on the way. */
  below(steps: readonly Buffer[]): PathHandle {
    const flags = oPath | oCloexec | constants.O_DIRECTORY
    const path = steps.length === 0 ? '.' : Buffer.concat(steps.flatMap((step) => [step, slash]))
    return new PathHandle(openWithin(this.fd, path, flags, strictly))
  }

  /**
   * The directory that this one is in now. Callers compare it with the one that they came from: whoever moves
   * directories meanwhile decides what this is.
   */
  parent(): PathHandle {
    const flags = oPath | oCloexec | constants.O_DIRECTORY | constants.O_NOFOLLOW
    return new PathHandle(openWithin(this.fd, '..', flags, resolve.noXdev | resolve.noMagiclinks))
  }

  /** Makes a file right in this directory, for writing. @throws SyscallError `EEXIST` */
  create(name: string | Buffer): number {
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
    return openWithin(this.fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | oCloexec, strictly, 0o600)
  }

  /** Opens a file right in this directory for reading: never through a link, never waiting. */
  openFile(name: string | Buffer): number {
    const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants
    return openWithin(this.fd, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | oCloexec, strictly)
  }

  [Symbol.dispose](): void {
    closeSync(this.fd)
  }
}

const slash = Buffer.from('/')
const strictly = resolve.beneath | resolve.noSymlinks | resolve.noXdev | resolve.noMagiclinks

/**
 * The file system of one sandbox, seen from outside. Every path is resolved by the kernel as inside: absolute
 * links and `..` stay below this root, however the tenant moves things meanwhile.
 * @see openat2(2), RESOLVE_IN_ROOT
 */
export class FilesRoot implements Disposable {
  /**
   * @param fd of the root directory; closed with this
   * @param uidBase the host's uid of root inside, as this root shows it
   * @param closed called when it is closed
   */
  constructor(
    readonly fd: number,
    readonly uidBase: number,
    private readonly closed: () => void = () => {},
    /** Whose new files are, as ids inside. */
    readonly user: { readonly uid: number; readonly gid: number } = recipeUser,
  ) {}

  find(path: string | Buffer, options: { follow: boolean; directory?: boolean }): PathHandle {
    const flags =
      oPath |
      oCloexec |
      (options.follow ? 0 : constants.O_NOFOLLOW) |
      (options.directory ? constants.O_DIRECTORY : 0)
    const found = new PathHandle(
      openWithin(this.fd, absolute(path), flags, resolve.inRoot | resolve.noMagiclinks),
    )
    if (!found.isServedByDaemon()) return found
    found[Symbol.dispose]()
    throw notOnDisk(String(path))
  }

  directory(path: string | Buffer): PathHandle {
    return this.find(path, { follow: true, directory: true })
  }

  /** A host's id as it is inside. */
  inside(id: number): number {
    const own = id - this.uidBase
    return own >= 0 && own < idRangeSize ? own : noSuchId
  }

  [Symbol.dispose](): void {
    closeSync(this.fd)
    this.closed()
  }
}

/** The root of a file system that is mounted on the host. */
export const openMountedRoot = (path: string): number =>
  openSync(path, oPath | constants.O_DIRECTORY | constants.O_NOFOLLOW)

/** The root of a process: a container's first one, whose mount namespace is the sandbox's. */
export function openProcessRoot(pid: number): number {
  return openSync(`/proc/${pid}/root`, oPath | constants.O_DIRECTORY)
}

function openWithin(fd: number, path: string | Buffer, flags: number, how: number, mode = 0): number {
  for (let tries = 1; ; tries++) {
    try {
      return openat2(fd, path, { flags, mode, resolve: how })
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN' || tries >= triesWhileMoving) throw error
    }
  }
}

const notOnDisk = (shown: string) =>
  new RuntimeRefusal('forbidden', `${shown} is not on the disk of the sandbox`)
