import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { OpenDocument } from '../editor/document'
import type { Drafts } from '../editor/drafts'
import { withPlainBreaks } from '../editor/text'
import type { FilesClient } from '../files/client'
import { ApiError } from '../lib/api'
import type { Present, TextFrame } from '../lib/protocol'
import { applied, type Change, changesBetween, mergedChanges } from './changes'
import { SharedFile } from './shared-file'
import type { OtherCursor } from './sides'

const path = '/home/user/a.txt'

/** A file with versions, as the server has it. */
class Disk {
  version = 1
  writes: string[] = []
  constructor(public text: string) {}

  client(who: string): FilesClient {
    const client: Pick<FilesClient, 'readIfChanged' | 'write'> = {
      readIfChanged: async (_path, version) => {
        await Promise.resolve()
        if (version === `v${this.version}`) return 'same'
        const bytes = new TextEncoder().encode(this.text)
        return { bytes, sizeBytes: bytes.length, version: `v${this.version}` }
      },
      write: async (_path, content, expected) => {
        await Promise.resolve()
        if (expected && expected.version !== `v${this.version}`) {
          throw new ApiError({
            ...{ type: '', title: '', detail: '', instance: '', requestId: '' },
            ...{ status: 412, code: 'precondition_failed' },
          })
        }
        this.change(String(content))
        this.writes.push(who)
        return { etag: `v${this.version}` } as Awaited<ReturnType<FilesClient['write']>>
      },
    }
    return client as FilesClient
  }

  change(text: string): void {
    this.text = text
    this.version++
  }
}

/** Carries frames between windows; can lose them, and deliver each way at its own time. */
class Server {
  readonly windows: Window[] = []
  lose: (frame: TextFrame) => boolean = () => false
  delayMs = () => 5
  readonly sent: { from: string; kind: TextFrame['kind'] }[] = []

  get people(): Present[] {
    return this.windows
      .filter(({ up }) => up)
      .map(({ id, mayType, since }) => ({ id, name: id, files: [path], mayType, since }))
  }

  tell(from: Window, frame: TextFrame) {
    this.sent.push({ from: from.id, kind: frame.kind })
    if (frame.kind === 'edit' && !from.mayType)
      return { ok: false, error: { code: 'forbidden', message: '' } } as const
    let reached = 0
    for (const to of this.windows) {
      if (to === from || !to.up || (frame.to !== undefined && frame.to !== to.id)) continue
      reached++
      if (!this.lose(frame)) setTimeout(() => to.up && to.file?.hear(from.id, frame), this.delayMs())
    }
    return { ok: true, reached } as const
  }

  changed(): void {
    for (const { file } of this.windows) file?.peopleChanged()
  }
}

class Window {
  readonly document: OpenDocument
  readonly kept = new Map<string, string>()
  file: SharedFile | null = null
  text = ''
  up = true
  hidden = false
  cursors: readonly OtherCursor[] = []
  ended = false
  readonly since: number

  constructor(
    private readonly server: Server,
    disk: Disk,
    readonly id: string,
    readonly mayType = true,
  ) {
    const drafts: Pick<Drafts, 'keep' | 'load' | 'drop'> = {
      load: async () => null,
      keep: async (_path, { text }) => Boolean(this.kept.set(path, text)),
      drop: async () => void this.kept.delete(path),
    }
    this.document = new OpenDocument(path, disk.client(id), drafts as Drafts, !mayType)
    this.since = Date.now()
    this.document.replaced.subscribe(() => {
      const next = withPlainBreaks(this.document.text)
      const changes = changesBetween(this.text, next)
      this.text = next
      this.file?.change(changes)
    })
  }

  async open(): Promise<void> {
    await this.document.load()
  }

  share(): void {
    const { base } = this.document
    if (!base || base.text === null) throw new Error('nothing to begin from')
    const own = this
    const channel = {
      get own() {
        return own.up ? own.id : null
      },
      get up() {
        return own.up
      },
      get hidden() {
        return own.hidden
      },
      get people() {
        return own.up ? own.server.people : []
      },
      tell: async (frame: TextFrame) => own.server.tell(own, frame),
    }
    this.server.windows.push(this)
    this.file = new SharedFile(
      path,
      {
        mayType: this.mayType,
        text: () => this.text,
        base: () => this.document.base,
        apply: (changes) => this.#take(changes),
        edit: (changes) => {
          this.#take(changes)
          this.file?.change(changes)
        },
        savedElsewhere: (saved) => this.document.savedElsewhere(saved),
        checkDisk: () => void this.document.checkDisk(),
        handOver: () => this.document.handOver(),
        cursors: (all) => {
          this.cursors = all
        },
        ended: () => {
          this.ended = true
          this.document.share(null)
        },
      },
      channel,
      { version: base.version, text: withPlainBreaks(base.text) },
    )
    this.document.share(this.file)
    this.server.changed()
  }

  type(at: number, insert: string, gone = 0): void {
    const from = Math.min(at, this.text.length)
    const change = { from, to: Math.min(from + gone, this.text.length), insert }
    this.#take([change])
    this.file?.change([change])
  }

  line(up: boolean): void {
    this.up = up
    this.file?.lineChanged()
    this.server.changed()
  }

  leave(): void {
    this.file?.stop(true)
    this.document.share(null)
    this.file = null
    this.server.windows.splice(this.server.windows.indexOf(this), 1)
    this.server.changed()
  }

  #take(changes: readonly Change[]): void {
    if (changes.length === 0) return
    this.text = applied(this.text, changes)
    this.document.edit(() => this.text)
  }
}

/** Each time the same. */
function randomOf(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

describe('a file in several windows', () => {
  let disk: Disk
  let server: Server
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)
  const windowOf = async (id: string, mayType = true) => {
    await pass(1)
    const made = new Window(server, disk, id, mayType)
    await made.open()
    return made
  }
  const shared = async (id: string, mayType = true) => {
    const made = await windowOf(id, mayType)
    made.share()
    return made
  }

  beforeEach(() => {
    vi.useFakeTimers({ now: 1_800_000_000_000 })
    disk = new Disk('one\ntwo\n')
    server = new Server()
  })
  afterEach(() => vi.useRealTimers())

  it('has one text, which one of them saves', async () => {
    const [one, two] = [await shared('one'), await shared('two')]
    await pass(50)
    two.type(0, 'zero\n')
    one.type(8, 'three\n')
    await pass(50)
    expect([one.text, two.text]).toEqual(Array(2).fill('zero\none\ntwo\nthree\n'))
    expect(two.kept.size + one.kept.size).toBe(0)
    await pass(300)
    expect(two.kept.get(path)).toBe(two.text)
    await pass(2000)
    expect([disk.text, disk.writes]).toEqual([one.text, ['one']])
    expect([one.document.save?.kind, two.document.save?.kind]).toEqual(['saved', 'saved'])
    expect(two.kept.size + one.kept.size).toBe(0)
  })

  it.each(Array.from({ length: 12 }, (_, at) => at))(
    'has every key of three windows, late, lost and out of order (%i)',
    async (seed) => {
      const random = randomOf(seed + 1)
      server.delayMs = () => random(120)
      server.lose = () => random(10) === 0
      const windows = [await shared('a'), await shared('b')]
      const words: string[] = []
      for (let step = 0; step < 120; step++) {
        if (step === 30) windows.push(await shared('c'))
        if (step === 60) windows[0]?.leave()
        if (step === 75) windows[0]?.open().then(() => windows[0]?.document.checkDisk())
        const from = step >= 60 ? 1 : 0
        const one = windows[from + random(windows.length - from)]
        const word = `<${step}>`
        // Whole words in between others: each must be there once at the end.
        const places = [...(one?.text.matchAll(/(?=<)|$/g) ?? [])].map(({ index }) => index)
        one?.type(places[random(places.length)] ?? 0, word)
        words.push(word)
        await pass(random(80))
      }
      server.lose = () => false
      await pass(30_000)
      const [, two, three] = windows
      expect(three?.text).toBe(two?.text)
      expect(disk.text).toBe(two?.text)
      for (const word of words) expect(two?.text.split(word).length, word).toBe(2)
      expect(two?.text.replaceAll(/<\d+>/g, '')).toBe('one\ntwo\n')
      expect([two?.document.save?.kind, three?.document.save?.kind]).toEqual(['saved', 'saved'])
    },
  )

  it('is given to who comes later, also what is not saved yet, and to who comes when only they have unsaved text', async () => {
    const [one, two] = [await shared('one'), await shared('two')]
    one.type(0, 'a')
    await pass(20)
    const late = await shared('late')
    await pass(100)
    expect([one.text, two.text, late.text]).toEqual(Array(3).fill('aone\ntwo\n'))
    await pass(5000)
    expect([disk.text, disk.writes]).toEqual([late.text, ['one']])

    // Two that typed before they knew of each other.
    const other = await windowOf('other')
    other.type(0, 'b')
    late.type(late.text.length, 'c')
    await pass(10)
    other.share()
    await pass(5000)
    for (const { text } of [one, two, late, other]) expect(text).toBe('baone\ntwo\nc')
    expect(disk.text).toBe(one.text)
  })

  it('stays one when a later version was opened than the others began with', async () => {
    const one = await shared('one')
    one.type(0, 'a')
    await pass(3000)
    const two = await windowOf('two')
    one.type(1, 'b')
    await pass(3000)
    // It has an older version than the disk.
    two.type(two.text.length, 'z')
    two.share()
    await pass(6000)
    expect([one.text, two.text, disk.text]).toEqual(Array(3).fill('abone\ntwo\nz'))
  })

  it('goes on when who saves leaves, and when they hang', async () => {
    const [one, two] = [await shared('one'), await shared('two')]
    await pass(50)
    two.type(0, 'a')
    await pass(20)
    one.leave()
    expect(one.document.save?.kind).toBe('saved')
    await pass(6000)
    expect([disk.text, disk.writes]).toEqual(['aone\ntwo\n', ['two']])

    const three = await shared('three')
    await pass(50)
    three.type(0, 'b')
    await pass(20)
    two.document.saveNow = async () => false
    await pass(7000)
    expect([disk.text, disk.writes]).toEqual(['baone\ntwo\n', ['two', 'three']])
    expect(two.document.save?.kind).toBe('saved')
  })

  it('takes in what a program writes to the file, once', async () => {
    const [one, two] = [await shared('one'), await shared('two')]
    await pass(50)
    two.type(0, 'mine ')
    await pass(20)
    disk.change('one\ntwo\nby a program\n')
    void one.document.checkDisk()
    void two.document.checkDisk()
    await pass(8000)
    expect([one.text, two.text, disk.text]).toEqual(Array(3).fill('mine one\ntwo\nby a program\n'))
    expect([one.document.save?.kind, two.document.save?.kind]).toEqual(['saved', 'saved'])

    // Before the one who saves has looked.
    two.type(0, 'and ')
    disk.change(`${disk.text}again\n`)
    await pass(8000)
    expect([one.text, two.text, disk.text]).toEqual(Array(3).fill('and mine one\ntwo\nby a program\nagain\n'))
  })

  it('has what was typed while the line was down', async () => {
    const [one, two] = [await shared('one'), await shared('two')]
    await pass(50)
    two.line(false)
    two.type(0, 'offline ')
    one.type(one.text.length, 'online')
    await pass(9000)
    expect([disk.text, two.document.save?.kind]).toEqual(['one\ntwo\nonline', 'unsaved'])
    two.line(true)
    await pass(8000)
    expect([one.text, two.text, disk.text]).toEqual(Array(3).fill('offline one\ntwo\nonline'))
    expect(two.document.save?.kind).toBe('saved')
  })

  it('is never put together twice with what was sent before the line broke', async () => {
    const [one, two] = [await shared('one'), await shared('two')]
    await pass(50)
    two.type(0, 'sent ')
    await pass(20)
    two.line(false)
    await pass(3000)
    expect(disk.text).toBe('sent one\ntwo\n')
    one.leave()
    two.type(0, 'more ')
    two.line(true)
    await pass(10_000)
    // Nobody can say what became of it, so that a person is asked.
    expect(disk.text).toBe('sent one\ntwo\n')
    expect(two.text).toBe('more sent one\ntwo\n')
    expect(two.document.save).toMatchObject({ kind: 'conflict', disk: 'changed' })
  })

  it('is shown to who only looks as it is typed, and they save nothing', async () => {
    const [looker, one] = [await shared('looker', false), await shared('one')]
    await pass(50)
    one.type(0, 'a')
    await pass(20)
    expect(looker.text).toBe('aone\ntwo\n')
    expect(looker.document.save?.kind).toBe('saved')
    await pass(8000)
    expect(disk.writes).toEqual(['one'])
    expect(server.sent.filter(({ from, kind }) => from === 'looker' && kind === 'edit')).toEqual([])
  })

  it('keeps the line breaks of the file, and characters whole', async () => {
    disk.change('a\r\n😀\r\n')
    const [one, two] = [await shared('one'), await shared('two')]
    await pass(50)
    one.document.rewrite('a\r\n😁\r\nb\r\n')
    await pass(50)
    expect(two.text).toBe('a\n😁\nb\n')
  })

  it('shows where others are', async () => {
    const [one, two] = [await shared('one'), await shared('two')]
    await pass(50)
    two.file?.point({ anchor: 4, head: 7 })
    await pass(20)
    one.type(0, '12')
    expect(one.cursors).toMatchObject([{ person: { id: 'two' }, anchor: 4, head: 7 }])
    one.type(0, '')
    await pass(20)
    two.type(0, 'x')
    await pass(20)
    expect(one.cursors).toMatchObject([{ anchor: 7, head: 10 }])
    two.leave()
    await pass(20)
    expect(one.cursors).toEqual([])
  })

  it('is not broken by what is no change', async () => {
    const [one, two] = [await shared('one'), await shared('two')]
    await pass(50)
    const text = { id: '', since: 0 }
    for (const bytes of [new Uint8Array([1, 2, 3]), new Uint8Array(), new Uint8Array([255, 255, 255, 255])]) {
      for (const kind of ['edit', 'have', 'cursor'] as const) {
        const frame = { path, text, bytes, change: 0, part: 0, parts: 1, whole: true }
        const have = { version: 'v1', digest: 'x', hidden: false, answer: false }
        one.file?.hear('two', { ...frame, ...have, kind } as TextFrame)
      }
    }
    two.type(0, 'a')
    await pass(20_000)
    expect([one.text, disk.text]).toEqual(['aone\ntwo\n', 'aone\ntwo\n'])
  })
})

it('merges what two did to a text', () => {
  const merged = (base: string, theirs: string, mine: string) =>
    applied(mine, mergedChanges(base, theirs, mine))
  expect(merged('a b c', 'a B c', 'a b c d')).toBe('a B c d')
  expect(merged('one\n', 'one\ntwo\n', 'zero\none\n')).toBe('zero\none\ntwo\n')
  expect(merged('x😀y', 'x😁y', 'x😀yz')).toBe('x😁yz')
})
