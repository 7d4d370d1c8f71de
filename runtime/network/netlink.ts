import { closeSync, openSync } from 'node:fs'
import { errnoName, receiveNow, routeSocket, sendNow, sendWaiting, setns } from '../linux/libc.js'

/**
 * Changes to links, addresses and routes, asked of the kernel itself: two programs of iproute2 for each sandbox
 * take 5 ms to start, what they do takes less than one.
 *
 * @see rtnetlink(7), include/uapi/linux/rtnetlink.h and if_link.h
 */

const newNet = 0x40000000
const headerBytes = 16
const afInet = 2
const flags = { request: 1, ack: 4, exclusive: 0x200, create: 0x400 }
const types = { error: 2, newLink: 16, delLink: 17, getLink: 18, newAddress: 20, newRoute: 24 }
const [interfaceUp, noArp] = [1, 0x80]

/**
 * The address of both ends of every link. Where both are the same, no frame needs an ARP answer to find its
 * way: ARP is off, and what a tenant says in it is not heard. A host that listens can have its table of
 * neighbours filled by one sandbox, for all.
 */
const mac = Buffer.from('020000000001', 'hex')

/** The kernel refused a change. */
export class NetlinkError extends Error {
  override readonly name = 'NetlinkError'
  constructor(
    readonly code: string,
    change: number,
  ) {
    super(`the kernel refused change ${change} of the network: ${code}`)
  }
}

/** Asks for changes in the network namespace of `pid`, or without one in this process's own, one after the other. */
export async function change(messages: readonly Buffer[], pid?: number): Promise<void> {
  const socket = pid === undefined ? routeSocket() : socketInside(pid)
  try {
    messages.forEach((message, i) => {
      message.writeUInt32LE(i, 8)
    })
    await sendWaiting(socket, Buffer.concat(messages))
    const answer = Buffer.alloc(4096)
    for (let i = 0; i < messages.length; i++) {
      const bytes = receiveNow(socket, answer)
      if (bytes < headerBytes + 4 || answer.readUInt16LE(4) !== types.error) continue
      const errno = -answer.readInt32LE(headerBytes)
      if (errno !== 0) throw new NetlinkError(errnoName(errno), answer.readUInt32LE(8))
    }
  } finally {
    closeSync(socket)
  }
}

/** Packets that came in over a link of this process's own namespace; undefined when there is none of that name. */
export function receivedPackets(name: string): bigint | undefined {
  const socket = routeSocket()
  try {
    sendNow(socket, message(types.getLink, 0, link(0, 0), attribute(3, text(name))))
    const answer = Buffer.alloc(16_384)
    const bytes = receiveNow(socket, answer)
    if (answer.readUInt16LE(4) !== types.newLink) return undefined
    const stats64 = 23
    for (let at = headerBytes + 16; at + 4 <= bytes; at += (answer.readUInt16LE(at) + 3) & ~3) {
      if (answer.readUInt16LE(at + 2) === stats64) return answer.readBigUInt64LE(at + 4)
    }
    return undefined
  } finally {
    closeSync(socket)
  }
}

/** A socket stays in the namespace that it was made in: the thread visits it for that one call. */
function socketInside(pid: number): number {
  const own = openSync('/proc/thread-self/ns/net', 'r')
  const theirs = openSync(`/proc/${pid}/ns/net`, 'r')
  try {
    setns(theirs, newNet)
    return routeSocket()
  } finally {
    setns(own, newNet)
    closeSync(own)
    closeSync(theirs)
  }
}

/** A pair of links: `name` here and `peer` in the namespace of `pid`, both down, with the same index. Without ARP. */
export function addPair(name: string, index: number, peer: string, pid: number): Buffer {
  const one = [attribute(3, text(name)), attribute(1, mac), attribute(31, u32(1)), attribute(32, u32(1))]
  const other = [
    attribute(3, text(peer)),
    attribute(1, mac),
    attribute(31, u32(1)),
    attribute(32, u32(1)),
    attribute(19, u32(pid)),
  ]
  const veth = attribute(1, Buffer.concat([link(index, noArp), ...other]))
  const kind = attribute(18, Buffer.concat([attribute(1, text('veth')), attribute(2, veth)]))
  return message(types.newLink, flags.create | flags.exclusive, link(index, noArp), ...one, kind)
}

export const deleteLink = (name: string): Buffer =>
  message(types.delLink, 0, link(0, 0), attribute(3, text(name)))

export const setUp = (index: number): Buffer => message(types.newLink, 0, link(index, interfaceUp))

/** An address alone, without a subnet. */
export function addAddress(index: number, address: string): Buffer {
  const body = Buffer.alloc(8)
  body.set([afInet, 32, 0, 0])
  body.writeUInt32LE(index, 4)
  const bytes = ipv4(address)
  return message(
    types.newAddress,
    flags.create | flags.exclusive,
    body,
    attribute(2, bytes),
    attribute(1, bytes),
  )
}

/** @param to an address, or `default` */
export function addRoute(index: number, to: string, via?: string): Buffer {
  const [mainTable, boot, unicast] = [254, 3, 1]
  const scope = via === undefined ? 253 : 0 // link, or universe
  const body = Buffer.alloc(12)
  body.set([afInet, to === 'default' ? 0 : 32, 0, 0, mainTable, boot, scope, unicast])
  const attributes = [attribute(4, u32(index))]
  if (to !== 'default') attributes.push(attribute(1, ipv4(to)))
  if (via !== undefined) attributes.push(attribute(5, ipv4(via)))
  return message(types.newRoute, flags.create | flags.exclusive, body, ...attributes)
}

function link(index: number, set: number): Buffer {
  const body = Buffer.alloc(16)
  body.writeInt32LE(index, 4)
  body.writeUInt32LE(set, 8)
  body.writeUInt32LE(set, 12) // which of the flags count
  return body
}

function message(type: number, more: number, ...parts: Buffer[]): Buffer {
  const header = Buffer.alloc(headerBytes)
  const whole = Buffer.concat([header, ...parts])
  whole.writeUInt32LE(whole.length, 0)
  whole.writeUInt16LE(type, 4)
  whole.writeUInt16LE(flags.request | flags.ack | more, 6)
  return whole
}

function attribute(type: number, value: Buffer): Buffer {
  const length = 4 + value.length
  const whole = Buffer.alloc((length + 3) & ~3)
  whole.writeUInt16LE(length, 0)
  whole.writeUInt16LE(type, 2)
  whole.set(value, 4)
  return whole
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

const text = (value: string) => Buffer.from(`${value}\0`)
const ipv4 = (address: string) => Buffer.from(address.split('.').map(Number))
