const longestTitle = 128
/** OSC 0 and 2 set the title; ended by BEL or ST. @see https://invisible-island.net/xterm/ctlseqs/ctlseqs.html */
const wholeTitle = /^\x1b\][02];([^\x07\x1b]*)(?:\x07|\x1b\\)/
/** What may become one when more bytes come. */
const partOfTitle = /^\x1b(?:\](?:[02](?:;[^\x07\x1b]*\x1b?)?)?)?$/
const longestSequence = 1024

/** Finds the titles that a program gives its terminal, in output that comes in any pieces. */
export class TitleReader {
  #kept: Buffer = Buffer.alloc(0)

  /** @returns the last title set in these bytes, one line without control characters, if there is one */
  read(bytes: Buffer): string | undefined {
    if (this.#kept.length === 0 && bytes.indexOf(0x1b) < 0) return undefined
    const all = this.#kept.length === 0 ? bytes : Buffer.concat([this.#kept, bytes])
    this.#kept = Buffer.alloc(0)
    let title: string | undefined
    for (let at = all.indexOf('\x1b]'); at >= 0; at = all.indexOf('\x1b]', at + 2)) {
      const sequence = all.subarray(at, at + longestSequence)
      const text = wholeTitle.exec(sequence.toString('latin1'))?.[1]
      if (text !== undefined) title = clean(Buffer.from(text, 'latin1').toString('utf8'))
    }
    const last = all.lastIndexOf(0x1b)
    for (const at of [all.lastIndexOf('\x1b]'), last]) {
      if (at < 0 || all.length - at > longestSequence) continue
      const rest = all.subarray(at)
      if (!partOfTitle.test(rest.toString('latin1'))) continue
      this.#kept = Buffer.from(rest)
      break
    }
    return title
  }
}

function clean(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu, '').trim()
  return Array.from(line).slice(0, longestTitle).join('')
}
