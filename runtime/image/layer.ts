import {
  chmodSync,
  chownSync,
  closeSync,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { shownName, stepsOf, TarError } from '../../common/tar/format.js'
import { readTar, type TarMember } from '../../common/tar/read.js'
import type { PathHandle } from '../files/root.js'
import { makeWhiteout, mkfifoAt, setModified, setXattr } from '../linux/attributes.js'
import { idRangeSize } from '../linux/userns.js'
import { bounds } from './bounds.js'
import { allowedCapabilities } from './capabilities.js'
import { badImage } from './error.js'
import { type Below, key, Ways } from './ways.js'

/** What became of a layer. */
export interface ExtractedLayer {
  /** Whether what it has depends on the layers below it: where a directory is not among its entries, those say what it is. */
  readonly dependent: boolean
  readonly files: number
  /** Of its files, with their holes. */
  readonly bytes: number
  /** Device nodes, which are left out: a sandbox has its own. */
  readonly devices: number
}

/** Of what is no tar. */
export const unreadable = 'a layer cannot be read'

const whiteoutPrefix = Buffer.from('.wh.')
const opaqueMarker = '.wh..wh..opq'
const opaqueXattr = 'trusted.overlay.opaque'
const capabilityXattr = 'security.capability'
/** Directories whose time is remembered until everything in them is there. */
const timesMax = 200_000
const wanted = (name: string) => name.startsWith('user.') || name === capabilityXattr

/**
 * Unpacks a layer into an empty directory that nobody else writes to, in the form in which overlayfs takes it as a lower
 * layer: what it removes becomes a whiteout. Nothing is written outside, whatever the archive says: every directory is
 * opened by `openat2`, and no link is followed by the kernel.
 *
 * @param top where to
 * @param below what the layers below it have, together
 * @param bytesMax of its files, with their holes
 * @throws RuntimeRefusal `invalid_request`
 * @see https://github.com/opencontainers/image-spec/blob/main/layer.md
 */
export async function extractLayer(
  archive: AsyncIterable<Uint8Array>,
  top: PathHandle,
  below: Below,
  bytesMax: number,
): Promise<ExtractedLayer> {
  return new Extraction(top, below, bytesMax).run(archive)
}

export const tooLarge = (bytesMax: number) => badImage(`a layer is larger than ${bytesMax / 1024 ** 3} GiB`)

class Extraction {
  readonly #ways: Ways
  /** What the archive says of directories, by their places; the time is set at the end. */
  readonly #times = new Map<string, bigint>()
  /** Directories that are whiteouts as well: they hide what is below. */
  readonly #hidden = new Set<string>()
  #parent: { readonly key: string; readonly handle: PathHandle } | undefined
  #bytes = 0
  #entries = 0
  #devices = 0

  constructor(
    private readonly top: PathHandle,
    below: Below,
    private readonly bytesMax: number,
  ) {
    this.#ways = new Ways(top, below)
  }

  async run(archive: AsyncIterable<Uint8Array>): Promise<ExtractedLayer> {
    try {
      for await (const member of readTar(archive, { device: () => this.#device(), xattr: wanted })) {
        this.#count(member.sizeBytes)
        await this.#put(member)
      }
      this.#leaveParent()
      for (const [place, ns] of this.#times) this.#setTime(place, ns)
      return {
        dependent: this.#ways.dependent,
        files: this.#entries,
        bytes: this.#bytes,
        devices: this.#devices,
      }
    } catch (error) {
      if (error instanceof TarError) throw badImage(`${unreadable}: ${error.message}`)
      throw error
    } finally {
      this.#leaveParent()
    }
  }

  #device(): void {
    this.#count(0)
    this.#devices++
  }

  #count(bytes: number): void {
    this.#entries++
    this.#bytes += bytes
    if (this.#entries > bounds.entries) throw badImage(`a layer has more than ${bounds.entries} entries`)
    if (this.#bytes > this.bytesMax) throw tooLarge(this.bytesMax)
  }

  async #put(member: TarMember): Promise<void> {
    const steps = relativeSteps(member.name)
    const name = steps.pop()
    if (name === undefined) {
      if (member.type === 'directory') this.#describe([], member)
      return
    }
    const parents = this.#ways.settle(steps, member.name)
    if (name.subarray(0, 4).equals(whiteoutPrefix)) return this.#whiteout(parents, name, member.name)
    if (member.type === 'directory') return this.#directory(parents, name, member)
    const parent = this.#enter(parents)
    this.#clear(parent, parents, name)
    const { uid, gid } = ownerOf(member)
    const path = parent.path(name)
    switch (member.type) {
      case 'file':
        return this.#file(parent, name, member)
      case 'symlink':
        symlinkSync(member.target, path)
        lchownSync(path, uid, gid)
        setModified(parent.fd, name, member.modifiedNs)
        return
      case 'link':
        return this.#link(parent, name, member)
      case 'pipe':
        mkfifoAt(parent.fd, name, 0o600)
        lchownSync(path, uid, gid)
        chmodSync(path, member.mode)
        setModified(parent.fd, name, member.modifiedNs)
    }
  }

  async #file(parent: PathHandle, name: Buffer, member: TarMember): Promise<void> {
    const { uid, gid } = ownerOf(member)
    const file = parent.create(name)
    try {
      fchownSync(file, uid, gid)
      let end = 0
      for await (const { at, bytes } of member.content()) {
        for (let done = 0; done < bytes.length; ) {
          done += writeSync(file, bytes, done, bytes.length - done, at + done)
        }
        end = at + bytes.length
      }
      if (end < member.sizeBytes) ftruncateSync(file, member.sizeBytes)
      // After its owner, which takes set-uid bits and capabilities away.
      fchmodSync(file, member.mode)
      setXattrs(file, member)
      setModified(file, null, member.modifiedNs)
    } finally {
      closeSync(file)
    }
  }

  #link(parent: PathHandle, name: Buffer, member: TarMember): void {
    const shown = shownName(member.name)
    const steps = relativeSteps(member.target)
    const last = steps.pop()
    if (last === undefined) throw badImage(`its hard link ${shown} leads to a directory`)
    try {
      using source = this.top.below(this.#ways.settle(steps, member.target, false))
      const stat = lstatSync(source.path(last))
      if (stat.isDirectory() || stat.isCharacterDevice())
        throw badImage(`its hard link ${shown} leads to no file`)
      linkSync(source.path(last), parent.path(name))
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
      throw badImage(
        `its hard link ${shown} leads to ${shownName(member.target)}, which the layer does not have before it`,
      )
    }
  }

  #directory(parents: readonly Buffer[], name: Buffer, member: TarMember): void {
    const steps = [...parents, name]
    const parent = this.#enter(parents)
    const found = lstatSync(parent.path(name), { throwIfNoEntry: false })
    if (found?.isDirectory() !== true) {
      this.#clear(parent, parents, name)
      mkdirSync(parent.path(name), 0o700)
      if (this.#hidden.delete(key(steps))) setXattr(parent.path(name), opaqueXattr, Buffer.from('y'))
    }
    this.#ways.isDirectory(steps)
    this.#describe(steps, member)
  }

  /** What the archive says of a directory that is there. */
  #describe(steps: readonly Buffer[], member: TarMember): void {
    using handle = this.top.below(steps)
    const path = handle.path()
    const { uid, gid } = ownerOf(member)
    chownSync(path, uid, gid)
    chmodSync(path, member.mode)
    setXattrs(path, member)
    if (this.#times.size < timesMax) this.#times.set(key(steps), member.modifiedNs)
  }

  #whiteout(parents: readonly Buffer[], marker: Buffer, full: Buffer): void {
    const parent = this.#enter(parents)
    if (marker.toString('latin1') === opaqueMarker) {
      setXattr(parent.path(), opaqueXattr, Buffer.from('y'))
      return
    }
    const name = marker.subarray(whiteoutPrefix.length)
    // Notes of aufs, which nobody reads any more.
    if (name.subarray(0, 4).equals(whiteoutPrefix)) return
    const text = name.toString('latin1')
    if (text === '' || text === '.' || text === '..')
      throw badImage(`its layer removes ${shownName(full)}, which is no name`)
    const found = lstatSync(parent.path(name), { throwIfNoEntry: false })
    // What the layer itself has stays; only what is below it goes.
    if (found?.isDirectory()) setXattr(parent.path(name), opaqueXattr, Buffer.from('y'))
    if (found !== undefined) return
    makeWhiteout(parent.fd, name)
    this.#hidden.add(key([...parents, name]))
    this.#ways.changed()
  }

  /** Makes room for an entry of a later place in the archive, which takes the place of an earlier one. */
  #clear(parent: PathHandle, parents: readonly Buffer[], name: Buffer): void {
    const found = lstatSync(parent.path(name), { throwIfNoEntry: false })
    if (found === undefined) return
    if (found.isDirectory()) {
      // Nobody else is in there, and it does not follow links. The parent stays open: what takes this place is made in it.
      rmSync(parent.path(name), { recursive: true })
      const gone = key([...parents, name])
      for (const place of this.#times.keys()) {
        if (place === gone || place.startsWith(`${gone}/`)) this.#times.delete(place)
      }
    } else unlinkSync(parent.path(name))
    this.#ways.changed()
  }

  /** The directory that an entry goes into, which is kept open: the next one most often goes there, too. */
  #enter(steps: readonly Buffer[]): PathHandle {
    const wanted = key(steps)
    if (this.#parent?.key === wanted) return this.#parent.handle
    this.#leaveParent()
    const handle = this.top.below(steps)
    this.#parent = { key: wanted, handle }
    return handle
  }

  #leaveParent(): void {
    this.#parent?.handle[Symbol.dispose]()
    this.#parent = undefined
  }

  #setTime(place: string, ns: bigint): void {
    using handle = this.top.below(
      place === '' ? [] : place.split('/').map((step) => Buffer.from(step, 'latin1')),
    )
    setModified(handle.fd, '.', ns)
  }
}

/** Of a name in a layer: some tools write them absolute, and mean the root of the image. */
function relativeSteps(name: Buffer): Buffer[] {
  let at = 0
  while (name[at] === 0x2f) at++
  try {
    return stepsOf(name.subarray(at))
  } catch (error) {
    if (!(error instanceof TarError)) throw error
    throw badImage(`its layer has an entry ${shownName(name)}, which leads out of it`)
  }
}

function ownerOf({ uid, gid, name }: TarMember): { uid: number; gid: number } {
  if (uid !== undefined && gid !== undefined && uid < idRangeSize && gid < idRangeSize) return { uid, gid }
  throw badImage(
    `${shownName(name)} belongs to ${uid}:${gid}, and a sandbox has ids up to ${idRangeSize - 1}`,
  )
}

function setXattrs(file: number | Buffer, member: TarMember): void {
  for (const [name, value] of member.xattrs) {
    const kept = name === capabilityXattr ? allowedCapabilities(value) : value
    if (kept !== undefined) setXattr(file, name, kept)
  }
}
