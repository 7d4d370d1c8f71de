import { describe, expect, it } from 'vitest'
import { ApiError } from '../lib/api'
import { infoOf, Trash, trashName } from './trash'

const home = '/home/user'
const trash = `${home}/.local/share/Trash`

/** The calls of the trash over names in memory. */
function disk(...paths: string[]) {
  const there = new Set(paths)
  const entry = (path: string) => ({ path }) as never
  const refuse = (code: 'conflict' | 'precondition_failed') => {
    throw new ApiError({ type: 'about:blank', title: 'taken', status: 409, detail: 'taken', code })
  }
  const client = {
    makeDirectory: async (path: string) => entry(path),
    write: async (path: string) => {
      if (there.has(path)) refuse('precondition_failed')
      there.add(path)
      return entry(path)
    },
    move: async (from: string, to: string) => {
      if (there.has(to)) refuse('conflict')
      there.delete(from)
      there.add(to)
      return entry(to)
    },
    remove: async (path: string) => void there.delete(path),
    list: async () => ({ entries: [...there].map((path) => ({ path })), truncated: false }) as never,
  }
  return { there, trash: new Trash(client) }
}

describe('the trash', () => {
  it('keeps what has the same name, and what something else left there', async () => {
    const { there, trash: can } = disk(`${home}/a`, `${trash}/files/a`, `${trash}/info/a 2.trashinfo`)
    const trashed = await can.put(`${home}/a`)
    expect(trashed.path).toBe(`${trash}/files/a 3`)
    expect([...there].sort()).toEqual(
      [`${trash}/files/a`, `${trash}/info/a 2.trashinfo`, trashed.path, trashed.info].sort(),
    )
  })

  it('gives back what it has under a name that is free', async () => {
    const { there, trash: can } = disk(`${home}/a.txt`)
    const trashed = await can.put(`${home}/a.txt`)
    there.add(`${home}/a.txt`)
    expect(await can.restore(trashed)).toBe(`${home}/a 2.txt`)
    expect([...there].sort()).toEqual([`${home}/a 2.txt`, `${home}/a.txt`])
  })

  it('does not take itself, nor what it is in', () => {
    const { trash: can } = disk()
    expect([home, `${home}/.local`, trash, `${trash}/files/a`].filter((path) => can.takes(path))).toEqual([])
    expect(can.takes(`${home}/.local/bin`)).toBe(true)
  })

  it('writes down where things were, whatever their names', () => {
    const at = new Date(2026, 0, 2, 3, 4, 5)
    expect(infoOf(`${home}/a b%\n`, at)).toBe(
      '[Trash Info]\nPath=/home/user/a%20b%25%0A\nDeletionDate=2026-01-02T03:04:05\n',
    )
    expect(infoOf('file:///home/user/caf%E9', at)).toContain('Path=/home/user/caf%E9\n')
    expect(trashName('file:///home/user/caf%E9', 1)).toMatch(/^deleted-/)
    expect(trashName(`/${'x'.repeat(255)}`, 1)).toMatch(/^deleted-/)
  })
})
