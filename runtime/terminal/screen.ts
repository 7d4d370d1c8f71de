import type { Terminal } from '@xterm/headless'
import { type TerminalSize, widthProvider } from '../../protocol/api/index.js'
import { screenScrollbackLines } from '../../protocol/node/index.js'
import { noLink, withLinks } from './hyperlinks.js'
import { watchHidden } from './screen-state.js'
import { unfinished } from './sequence.js'

/** One thing that happened to a terminal: it was given bytes, or another size. */
export type TerminalEvent = Uint8Array | TerminalSize

/**
 * A headless terminal that is set up as the page's are, so that a character is as wide there as here.
 * @param scrollback lines above the visible ones
 */
export async function freshTerminal(
  size: TerminalSize,
  scrollback: number = screenScrollbackLines,
): Promise<Terminal> {
  // Imported by who draws, and nobody else: the emulator takes 17 MB.
  const { default: headless } = await import('@xterm/headless')
  const terminal = new headless.Terminal({
    ...{ ...size, scrollback, allowProposedApi: true },
    // It would report every byte that is no sequence, which a tenant can write without end.
    logLevel: 'off',
  })
  const widths = widthProvider()
  terminal.unicode.register(widths)
  terminal.unicode.activeVersion = widths.version
  return terminal
}

/** Writes to a terminal and waits until it has taken it in. */
export function feed(terminal: Terminal, bytes: Uint8Array | string): Promise<void> {
  return new Promise((resolve) => terminal.write(bytes, resolve))
}

/**
 * What to write to a fresh terminal of the last size so that it is in the state that everything which happened
 * left: scrollback, both buffers, cursor, and the modes that later output and keystrokes depend on.
 */
export async function drawScreen(
  size: TerminalSize,
  happened: readonly TerminalEvent[],
): Promise<Uint8Array> {
  const terminal = await freshTerminal(size)
  try {
    const hidden = watchHidden(terminal)
    const last = happened.at(-1)
    const tail = last instanceof Uint8Array ? last.subarray(last.length - unfinished(last)) : Buffer.of()
    for (const one of happened) {
      if (!(one instanceof Uint8Array)) terminal.resize(one.cols, one.rows)
      else await feed(terminal, one === last ? one.subarray(0, one.length - tail.length) : one)
    }
    const drawn = (await contentOf(terminal)) + (await hidden.restore())
    return Buffer.concat([Buffer.from(drawn), tail])
  } finally {
    terminal.dispose()
  }
}

/** What both buffers show. */
async function contentOf(terminal: Terminal): Promise<string> {
  const { SerializeAddon } = await import('@xterm/addon-serialize')
  const serializer = new SerializeAddon()
  const linked = withLinks(terminal)
  linked.terminal.loadAddon(serializer)
  const options = { scrollback: screenScrollbackLines, excludeModes: true }
  const normal = serializer.serialize({ ...options, excludeAltBuffer: true })
  // The addon ends the normal buffer with the present look, and draws the other one as if there was none.
  const end = linked.found ? noLink : ''
  const alternate = serializer.serialize(options).slice(normal.length)
  const content = `${normal}\x1b[m${end}${alternate}${alternate && `\x1b[m${end}`}`
  // To wrap an empty line it writes dashes and erases them; it means to move by 0 columns, which moves by 1.
  const { cols } = terminal
  return content.replaceAll(`\x1b[A\x1b[0C\x1b[${cols}X\x1b[0D\x1b[B`, `\x1b[A\x1b[${cols}X\x1b[B`)
}
