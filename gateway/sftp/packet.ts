/**
 * Packets of SFTP, version 3, which all clients speak. Names are bytes, as they are to the kernel.
 * @see https://datatracker.ietf.org/doc/html/draft-ietf-secsh-filexfer-02
 * @see PROTOCOL of OpenSSH, for its extensions and for the order of what `SYMLINK` names
 */
export const request = {
  ...{ init: 1, open: 3, close: 4, read: 5, write: 6, lstat: 7, fstat: 8, setstat: 9, fsetstat: 10 },
  ...{ opendir: 11, readdir: 12, remove: 13, mkdir: 14, rmdir: 15, realpath: 16, stat: 17, rename: 18 },
  ...{ readlink: 19, symlink: 20, extended: 200 },
} as const
const answer = {
  version: 2,
  status: 101,
  handle: 102,
  data: 103,
  name: 104,
  attrs: 105,
  extended: 201,
} as const

export const status = {
  ...{ ok: 0, eof: 1, noSuchFile: 2, permissionDenied: 3, failure: 4, badMessage: 5, unsupported: 8 },
} as const
export type Status = (typeof status)[keyof typeof status]

export const openFlag = { read: 1, write: 2, append: 4, create: 8, truncate: 16, exclusive: 32 } as const

/** As OpenSSH's server: what a client sends in one packet at most. */
export const maxPacketBytes = 256 * 1024
/** Of one READ or WRITE. */
export const maxDataBytes = 255 * 1024

const attrFlag = { size: 1, owner: 2, mode: 4, times: 8, extended: 0x80000000 } as const

/** What is said of a file, as far as it is said. */
export interface Attributes {
  readonly size?: number
  readonly uid?: number
  readonly gid?: number
  /** With the bits of its type. */
  readonly mode?: number
  /** Seconds. */
  readonly mtime?: number
}

export interface Named {
  readonly name: Buffer
  /** A line of `ls -l`, which clients show as it is. */
  readonly long: Buffer
  readonly attributes: Attributes
}

/** A packet that is no packet of this protocol. */
export class Malformed extends Error {
  override readonly name = 'Malformed'
}

/** Reads the fields of a packet, one after the other. @throws Malformed where it ends early */
export class Fields {
  #at = 0
  constructor(private readonly packet: Buffer) {}

  byte(): number {
    return this.#take(1).readUInt8()
  }

  uint32(): number {
    return this.#take(4).readUInt32BE()
  }

  /** @throws Malformed for what no file is as large as */
  uint64(): number {
    const value = this.#take(8).readBigUInt64BE()
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Malformed('a number is too large')
    return Number(value)
  }

  bytes(): Buffer {
    return this.#take(this.uint32())
  }

  attributes(): Attributes {
    const flags = this.uint32()
    const size = flags & attrFlag.size ? { size: this.uint64() } : {}
    const owner = flags & attrFlag.owner ? { uid: this.uint32(), gid: this.uint32() } : {}
    const mode = flags & attrFlag.mode ? { mode: this.uint32() } : {}
    if (!(flags & attrFlag.times)) return { ...size, ...owner, ...mode }
    this.uint32() // when it was read last: nothing keeps that
    return { ...size, ...owner, ...mode, mtime: this.uint32() }
  }

  get left(): boolean {
    return this.#at < this.packet.length
  }

  #take(length: number): Buffer {
    if (length > this.packet.length - this.#at) throw new Malformed('a packet ends early')
    this.#at += length
    return this.packet.subarray(this.#at - length, this.#at)
  }
}

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes
}
const uint64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}
const text = (value: Buffer | string): Buffer[] => {
  const bytes = Buffer.from(value)
  return [uint32(bytes.length), bytes]
}

function attributesOf({ size, uid, gid, mode, mtime }: Attributes): Buffer[] {
  const flags =
    (size === undefined ? 0 : attrFlag.size) |
    (uid === undefined || gid === undefined ? 0 : attrFlag.owner) |
    (mode === undefined ? 0 : attrFlag.mode) |
    (mtime === undefined ? 0 : attrFlag.times)
  return [
    uint32(flags),
    ...(size === undefined ? [] : [uint64(size)]),
    ...(uid === undefined || gid === undefined ? [] : [uint32(uid), uint32(gid)]),
    ...(mode === undefined ? [] : [uint32(mode)]),
    ...(mtime === undefined ? [] : [uint32(mtime), uint32(mtime)]),
  ]
}

function packet(type: number, ...fields: readonly Buffer[]): Buffer {
  const length = fields.reduce((sum, one) => sum + one.length, 1)
  return Buffer.concat([uint32(length), Buffer.from([type]), ...fields])
}

/** Answers, whole packets. */
export const say = {
  version: (extensions: Readonly<Record<string, string>>) =>
    packet(
      answer.version,
      uint32(3),
      ...Object.entries(extensions).flatMap(([name, value]) => [...text(name), ...text(value)]),
    ),
  status: (id: number, code: Status, message = '') =>
    packet(answer.status, uint32(id), uint32(code), ...text(message), ...text('')),
  handle: (id: number, handle: Buffer) => packet(answer.handle, uint32(id), ...text(handle)),
  data: (id: number, bytes: Buffer) => packet(answer.data, uint32(id), ...text(bytes)),
  names: (id: number, names: readonly Named[]) =>
    packet(
      ...([answer.name, uint32(id), uint32(names.length)] as const),
      ...names.flatMap(({ name, long, attributes }) => [
        ...text(name),
        ...text(long),
        ...attributesOf(attributes),
      ]),
    ),
  attributes: (id: number, attributes: Attributes) =>
    packet(answer.attrs, uint32(id), ...attributesOf(attributes)),
  limits: (id: number, limits: readonly number[]) =>
    packet(answer.extended, uint32(id), ...limits.map(uint64)),
}

/** Cuts a stream into packets, without their lengths. @throws Malformed */
export async function* packetsOf(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let waiting: Buffer[] = []
  let length = 0
  for await (const chunk of stream) {
    waiting.push(chunk)
    length += chunk.length
    while (length >= 4) {
      const first = waiting[0] ?? chunk
      const head = first.length >= 4 ? first : Buffer.concat(waiting)
      const size = head.readUInt32BE()
      if (size < 1 || size > maxPacketBytes) throw new Malformed('a packet is too long')
      if (length < 4 + size) break
      const whole = waiting.length === 1 ? first : Buffer.concat(waiting)
      yield whole.subarray(4, 4 + size)
      const rest = whole.subarray(4 + size)
      waiting = rest.length === 0 ? [] : [rest]
      length = rest.length
    }
  }
}
