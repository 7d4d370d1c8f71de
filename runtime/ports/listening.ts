import { open, readdir, readFile, readlink } from 'node:fs/promises'
import type { ListeningPort } from '../../protocol/api/index.js'

/** States in `/proc/<pid>/net/tcp` (include/net/tcp_states.h). Sockets that listen come first. */
const listens = '0A'
/** Of one sandbox; more are not shown. */
export const maxListening = 1000
/** Links of `/proc/<pid>/fd` that are looked at for names: a tenant may open a million files. */
const maxLinks = 5000
const chunkBytes = 64 * 1024

/** A socket that listens, as the kernel tells of it. */
export interface ListeningSocket {
  readonly port: number
  readonly address: string
  readonly inode: string
}

/**
 * What accepts connections in the network namespace of a process, with the names of the programs.
 * @param pid the first process of the sandbox
 * @param processes whose sockets they may be
 * @see proc_net_tcp in Documentation/networking/proc_net_tcp.rst
 */
export async function listeningPorts(pid: number, processes: readonly number[]): Promise<ListeningPort[]> {
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => listeningIn(`/proc/${pid}/net/${name}`)))
  const sockets = tables.flat()
  if (sockets.length === 0) return []
  return portsOf(sockets, await namesOf(new Set(sockets.map(({ inode }) => inode)), processes))
}

/** A row for each port. @param names of programs, by the inodes of their sockets */
export function portsOf(
  sockets: readonly ListeningSocket[],
  names: ReadonlyMap<string, string>,
): ListeningPort[] {
  const ports = new Map<number, ListeningPort>()
  for (const { port, address, inode } of sockets) {
    // One server often listens on IPv4 and on IPv6; the first is enough.
    if (!ports.has(port)) ports.set(port, { port, address, process: names.get(inode) ?? null })
  }
  return [...ports.values()].toSorted((a, b) => a.port - b.port)
}

/** Reads a table as far as the sockets that listen: the rest may be long. */
async function listeningIn(file: string): Promise<ListeningSocket[]> {
  const found: ListeningSocket[] = []
  const table = await open(file).catch(() => undefined) // there is no IPv6
  if (table === undefined) return found
  try {
    let rest = ''
    for (let heading = true; ; ) {
      const { bytesRead, buffer } = await table.read(Buffer.alloc(chunkBytes), 0, chunkBytes, null)
      if (bytesRead === 0) return found
      const lines = (rest + buffer.toString('latin1', 0, bytesRead)).split('\n')
      rest = lines.pop() ?? ''
      for (const line of heading ? lines.slice(1) : lines) {
        const socket = listeningSocket(line)
        if (socket === undefined || found.length >= maxListening) return found
        found.push(socket)
      }
      heading = false
    }
  } finally {
    await table.close()
  }
}

/** @returns undefined for a line of a socket that does not listen, and for what is no such line */
export function listeningSocket(line: string): ListeningSocket | undefined {
  const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
  const [, address, port] = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(local) ?? []
  if (state !== listens || address === undefined || port === undefined || port === '0000') return undefined
  return { port: Number.parseInt(port, 16), address: addressOf(address), inode }
}

/** The kernel prints words of 32 bits in the order of the processor: little endian where we run. */
function addressOf(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => [...Buffer.from(word, 'hex').reverse()])
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, at) =>
    (((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0)).toString(16),
  )
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}

/** Names of the programs that have these sockets open. A name is whatever its program wants it to be. */
async function namesOf(
  inodes: ReadonlySet<string>,
  processes: readonly number[],
): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>()
  let links = 0
  for (const pid of processes) {
    const fds = await readdir(`/proc/${pid}/fd`).catch(() => []) // it ended meanwhile
    for (const fd of fds) {
      if (names.size === inodes.size || ++links > maxLinks) return names
      const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1]
      if (inode === undefined || !inodes.has(inode) || names.has(inode)) continue
      const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')
      names.set(inode, name.replace(/\p{Cc}/gu, '').slice(0, 15))
    }
  }
  return names
}
