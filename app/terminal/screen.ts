import { FitAddon } from '@xterm/addon-fit'
import { SearchAddon } from '@xterm/addon-search'
import { WebLinksAddon } from '@xterm/addon-web-links'
import { WebglAddon } from '@xterm/addon-webgl'
import { Terminal } from '@xterm/xterm'
import '@xterm/xterm/css/xterm.css'
import { widthProvider } from '../lib/protocol'
import { isDark, onDarkness } from '../lib/theme'
import { Images } from './images'
import { followLink } from './links'
import { withoutControls } from './paste'
import { type PreferenceStore, preferences } from './preferences'
import { palette } from './themes'
import { scrollByTouch } from './touch'

/** A screen of somebody else's size is drawn in no smaller letters. */
const smallestFont = 4

/** One xterm with everything that is switched on in it. It lives in `element`, shown or not. */
export class Screen {
  readonly element = document.createElement('div')
  readonly xterm: Terminal
  readonly search = new SearchAddon()
  readonly #fit = new FitAddon()
  readonly #images: Images
  readonly #preferences: PreferenceStore = preferences()
  readonly #undo: (() => void)[] = []
  #webgl: WebglAddon | undefined
  #opened = false

  constructor() {
    // A finger scrolls the terminal (`touch.ts`), not the page; two may still zoom.
    this.element.className = 'h-full w-full touch-pinch-zoom'
    this.xterm = new Terminal({
      allowProposedApi: true,
      fontFamily:
        '"JetBrains Mono Variable", ui-monospace, "DejaVu Sans Mono", "Noto Color Emoji", monospace',
      lineHeight: 1.15,
      scrollback: 10_000,
      overviewRuler: { width: 10 },
      minimumContrastRatio: 4.5,
      rightClickSelectsWord: false,
      // Programs that draw pictures ask for these. Titles are not told: they would be typed.
      windowOptions: { getWinSizePixels: true, getCellSizePixels: true, getWinSizeChars: true },
      rescaleOverlappingGlyphs: true,
      linkHandler: { activate: (_event, url) => followLink(url), allowNonHttpProtocols: false },
      ...this.#options(),
    })
    this.#images = new Images(this.xterm)
    const widths = widthProvider()
    this.xterm.unicode.register(widths)
    this.xterm.unicode.activeVersion = widths.version
    this.xterm.loadAddon(this.#fit)
    this.xterm.loadAddon(this.search)
    this.xterm.loadAddon(new WebLinksAddon((_event, url) => followLink(url)))
    this.xterm.attachCustomKeyEventHandler((event) => this.#keyOf(event))
    const restyle = () => {
      Object.assign(this.xterm.options, this.#options())
      this.scale()
    }
    this.#undo.push(this.#preferences.subscribe(restyle), onDarkness(restyle))
  }

  #options() {
    const { fontSize, theme, cursorBlink, screenReader, optionIsMeta } = this.#preferences.get()
    const still = window.matchMedia('(prefers-reduced-motion: reduce)').matches
    return {
      fontSize,
      theme: palette(theme, isDark()),
      cursorBlink: cursorBlink && !still,
      screenReaderMode: screenReader,
      macOptionIsMeta: optionIsMeta,
    }
  }

  /** Shows it in `parent`. Only what is shown holds a WebGL context: a browser has few of them. */
  show(parent: HTMLElement): void {
    parent.append(this.element)
    if (!this.#opened) {
      this.#opened = true
      this.xterm.open(this.element)
      // Before xterm's own listeners, which paste whatever is on the clipboard.
      this.element.addEventListener('paste', this.#onPaste, { capture: true })
      this.#undo.push(scrollByTouch(this.xterm, this.element))
    }
    this.#draw()
    this.scale()
  }

  hide(): void {
    this.#webgl?.dispose()
    this.#webgl = undefined
    this.element.remove()
  }

  /** Draws output. @param drawn is called when all of it is on the screen */
  write(bytes: Uint8Array, drawn: () => void): void {
    this.#images.write(bytes, drawn)
  }

  /** Types text that was copied elsewhere: it cannot press keys. */
  paste(text: string): void {
    this.xterm.paste(withoutControls(text))
  }

  readonly #onPaste = (event: ClipboardEvent) => {
    event.preventDefault()
    event.stopPropagation()
    this.paste(event.clipboardData?.getData('text/plain') ?? '')
  }

  /** Ctrl+/ and Ctrl+_ undo in shells and editors; xterm sends nothing for the first. @returns whether xterm may have it */
  #keyOf(event: KeyboardEvent): boolean {
    const { type, ctrlKey, altKey, metaKey, key } = event
    if (!ctrlKey || altKey || metaKey || (key !== '/' && key !== '_')) return true
    event.preventDefault()
    if (type === 'keydown') this.xterm.input('\x1f')
    return false
  }

  /** With WebGL where the browser has it; xterm draws with the document otherwise, and when the context is lost. */
  #draw(): void {
    if (this.#webgl) return
    try {
      const webgl = new WebglAddon()
      webgl.onContextLoss(() => {
        webgl.dispose()
        this.#webgl = undefined
      })
      this.xterm.loadAddon(webgl)
      this.#webgl = webgl
    } catch {
      // No WebGL here.
    }
  }

  /** The size that fills its place in letters as somebody likes them; null while it has none. */
  room(): { cols: number; rows: number } | null {
    const { options } = this.xterm
    const { fontSize } = this.#preferences.get()
    if (options.fontSize === fontSize) return this.#room()
    // A screen of another size is shown in smaller letters.
    const scaled = options.fontSize
    options.fontSize = fontSize
    const room = this.#room()
    options.fontSize = scaled ?? fontSize
    return room
  }

  /**
   * Makes the letters small enough for all of a screen that has somebody else's size, and as somebody likes them for one
   * that fits.
   */
  scale(): void {
    const { cols, rows, options } = this.xterm
    const { fontSize } = this.#preferences.get()
    const room = this.room()
    if (!room) return
    const share = Math.min(room.cols / cols, room.rows / rows)
    let next = share >= 1 ? fontSize : Math.max(smallestFont, Math.floor(fontSize * share * 2) / 2)
    const fits = () => {
      options.fontSize = next
      const now = this.#room()
      return !now || (now.cols >= cols && now.rows >= rows)
    }
    if (share >= 1) options.fontSize = next
    // Letters have whole pixels, so that some sizes are larger than they say.
    else while (!fits() && next > smallestFont) next -= 0.5
  }

  #room(): { cols: number; rows: number } | null {
    const size = this.#fit.proposeDimensions()
    if (!size || !Number.isFinite(size.cols) || !Number.isFinite(size.rows)) return null
    return { cols: Math.min(Math.max(size.cols, 2), 1000), rows: Math.min(Math.max(size.rows, 1), 500) }
  }

  /** All text, scrollback included, as lines a person would read. */
  text(): string {
    const buffer = this.xterm.buffer.active
    let text = ''
    for (let row = 0; row < buffer.length; row++) {
      const line = buffer.getLine(row)
      if (!line) continue
      const next = buffer.getLine(row + 1)
      text += line.translateToString(!next?.isWrapped) + (next?.isWrapped ? '' : '\n')
    }
    return text.trimEnd()
  }

  dispose(): void {
    for (const undo of this.#undo) undo()
    this.hide()
    this.xterm.dispose()
  }
}
