import type { ImageAddon } from '@xterm/addon-image'
import type { Terminal } from '@xterm/xterm'

/** Begins a picture (sixel, or iTerm's) or asks how large one may be. */
const introducer = /\x1b(?:P[\d;]*q|\]1337;(?:Multipart)?File=|\[\?[\d;]*S)/
const longestIntroducer = 64
/** Sequence of our own that has the addon loaded; a program that writes it has the same. */
const loadCode = 30_297
const load = `\x1b]${loadCode};\x1b\\`
/** VT220 with sixel, character sets and colours, as the addon would answer once it is loaded. */
const attributes = '\x1b[?62;4;9;22c'
/** The addon's decoder is compiled while it is being loaded; a picture before that would be left out. */
const readyMs = 1000

const latin1 = new TextDecoder('latin1')

/** Of one terminal: a program must not fill the memory of whoever looks at it. */
const limits = {
  pixelLimit: 2048 * 2048,
  storageLimit: 16,
  sixelSizeLimit: 4_000_000,
  iipSizeLimit: 4_000_000,
} as const

/**
 * Pictures in a terminal. Few programs draw any, so what draws them is loaded with the first one: output waits in front
 * of it.
 */
export class Images {
  readonly #xterm: Terminal
  #loading: Promise<void> | undefined
  /** The end of the output so far, if an introducer may have begun in it. */
  #tail: Uint8Array = new Uint8Array()

  constructor(xterm: Terminal) {
    this.#xterm = xterm
    xterm.parser.registerCsiHandler({ final: 'c' }, ([kind]) => {
      if (kind) return false
      xterm.input(attributes, false)
      return true
    })
    // xterm.js parses nothing more until this is done.
    xterm.parser.registerOscHandler(loadCode, async () => {
      this.#loading ??= this.#load()
      await this.#loading
      return true
    })
  }

  /** @param written is called when the terminal has taken in all of `bytes` */
  write(bytes: Uint8Array, written: () => void): void {
    const at = this.#loading ? undefined : this.#find(bytes)
    if (at !== undefined) {
      if (at > 0) this.#xterm.write(bytes.subarray(0, at))
      this.#xterm.write(load)
      // What came of the introducer before is taken back by the sequence in between, and begins anew.
      if (at < 0) this.#xterm.write(this.#tail.subarray(at))
      this.#tail = new Uint8Array()
    }
    this.#xterm.write(at !== undefined && at > 0 ? bytes.subarray(at) : bytes, written)
  }

  /** Where in `bytes` a picture begins; below zero, so many bytes before it. */
  #find(bytes: Uint8Array): number | undefined {
    const tail = this.#tail
    if (tail.length === 0 && !bytes.includes(0x1b)) return undefined
    const all = new Uint8Array(tail.length + bytes.length)
    all.set(tail)
    all.set(bytes, tail.length)
    const found = introducer.exec(latin1.decode(all))
    if (found) return found.index - tail.length
    const last = all.lastIndexOf(0x1b)
    this.#tail = last >= 0 && all.length - last < longestIntroducer ? all.slice(last) : new Uint8Array()
    return undefined
  }

  async #load(): Promise<void> {
    try {
      const { ImageAddon } = await import('@xterm/addon-image')
      const addon = new ImageAddon(limits)
      this.#xterm.loadAddon(addon)
      const late = Date.now() + readyMs
      while (!hasDecoder(addon) && Date.now() < late) await new Promise((resolve) => setTimeout(resolve, 5))
    } catch {
      // It cannot be loaded, as while the line is down: there are no pictures then.
    }
  }
}

/** The addon tells nobody when it is ready: these are fields of its own. */
function hasDecoder(addon: ImageAddon): boolean {
  const handlers: unknown = Reflect.get(addon, '_handlers')
  const sixel: unknown = handlers instanceof Map ? handlers.get('sixel') : undefined
  return typeof sixel === 'object' && sixel !== null && Reflect.get(sixel, '_dec') !== undefined
}
