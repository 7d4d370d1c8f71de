import { describe, expect, it } from 'vitest'
import { ApiError, Unreachable } from '../lib/api'
import type { FileEntry } from '../lib/protocol'
import { type PieceClient, pieceBytes, sendInPieces } from './pieces'

const refused = (code: 'file_not_found' | 'offset_mismatch' | 'disk_full', status: number) =>
  new ApiError({ type: 'about:blank', title: code, status, code, detail: code })

/** A directory in memory, on a line that breaks. */
function openDirectory() {
  const files = new Map<string, { bytes: Buffer; mode: string }>()
  /** What is to happen to the next uploads: how many bytes arrive before the line breaks. */
  const breaks: number[] = []
  const calls: string[] = []
  const entry = (path: string): FileEntry => {
    const file = files.get(path)
    if (file === undefined) throw refused('file_not_found', 404)
    const at = { path, name: path, mode: file.mode, uid: 0, gid: 0, modifiedAt: '2026-01-01T00:00:00Z' }
    return { ...at, type: 'file', sizeBytes: file.bytes.length, target: null, etag: null }
  }
  const client: PieceClient = {
    stat: async (path) => entry(path),
    async upload(path, content, onProgress, signal, offset = 0) {
      signal.throwIfAborted()
      calls.push(`${offset}+${content.size}`)
      const file = files.get(path) ?? { bytes: Buffer.alloc(0), mode: '644' }
      if (file.bytes.length !== offset) throw refused('offset_mismatch', 409)
      files.set(path, file)
      const bytes = Buffer.from(await content.arrayBuffer())
      const arrives = breaks.shift()
      file.bytes = Buffer.concat([file.bytes, bytes.subarray(0, arrives)])
      if (arrives !== undefined) throw new Unreachable()
      onProgress(content.size)
    },
    async move(from, to) {
      const file = files.get(from)
      if (file === undefined) throw refused('file_not_found', 404)
      files.delete(from)
      files.set(to, file)
      return entry(to)
    },
    async chmod(path, mode) {
      const file = files.get(path)
      if (file !== undefined) file.mode = mode
      return entry(path)
    },
    async remove(path) {
      files.delete(path)
    },
  }
  return { files, breaks, calls, client }
}

const content = new Uint8Array(pieceBytes * 2 + 100).map((_, at) => at >> 12)
const send = (client: PieceClient, signal = new AbortController().signal) =>
  sendInPieces(
    client,
    'dir/big',
    new Blob([content]),
    () => {},
    signal,
    async () => {},
  )
const same = (bytes: Buffer | undefined) => bytes?.equals(content)

describe('a large upload', () => {
  it('appears whole, with the mode of the file that it replaces', async () => {
    const { files, client, calls } = openDirectory()
    files.set('dir/big', { bytes: Buffer.of(1), mode: '755' })
    await send(client)
    expect([[...files.keys()], files.get('dir/big')?.mode]).toEqual([['dir/big'], '755'])
    expect(same(files.get('dir/big')?.bytes)).toBe(true)
    expect(calls).toEqual([`0+${pieceBytes}`, `${pieceBytes}+${pieceBytes}`, `${2 * pieceBytes}+100`])
  })

  it('goes on where a broken connection left it', async () => {
    const { files, breaks, client, calls } = openDirectory()
    breaks.push(1000, 0, pieceBytes) // the last one arrives whole, and only its answer is lost
    await send(client)
    expect(same(files.get('dir/big')?.bytes)).toBe(true)
    expect(calls.slice(0, 4).map((call) => call.split('+')[0])).toEqual([
      ...['0', '1000', '1000', String(1000 + pieceBytes)],
    ])
  })

  it('is given up when nothing gets through, and leaves nothing', async () => {
    const { files, breaks, client } = openDirectory()
    breaks.push(...Array<number>(100).fill(0))
    await expect(send(client)).rejects.toThrow(Unreachable)
    expect(files.size).toBe(0)
  })

  it('ends when it is cancelled, and at what is no matter of the connection', async () => {
    const { files, client } = openDirectory()
    const abort = new AbortController()
    abort.abort()
    await expect(send(client, abort.signal)).rejects.toThrow('abort')
    const full = { ...client, upload: () => Promise.reject(refused('disk_full', 507)) }
    await expect(send(full)).rejects.toMatchObject({ code: 'disk_full' })
    expect(files.size).toBe(0)
  })
})
