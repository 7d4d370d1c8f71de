/** What a program can turn on in a terminal, and a shell would be unusable with. */
const risky = new Set([
  '1',
  '9',
  '25',
  '47',
  '1000',
  '1002',
  '1003',
  '1004',
  '1005',
  '1006',
  '1015',
  '1047',
  '1049',
  '2004',
])
/** Sequences can be cut between two pieces of output: the longest that is looked for. */
const tailLength = 32

/**
 * Watches which modes a program has set, to put the local terminal back when we leave it while it draws.
 * @see https://invisible-island.net/xterm/ctlseqs/ctlseqs.html DECSET and DECRST
 */
export class ModeWatch {
  readonly #changed = new Set<string>()
  #keypad = false
  #tail = ''

  see(bytes: Uint8Array): void {
    const text = this.#tail + Buffer.from(bytes).toString('latin1')
    for (const [, numbers = '', letter] of text.matchAll(/\x1b\[\?([\d;]+)([hl])/g)) {
      for (const mode of numbers.split(';')) {
        // The cursor alone is on by itself.
        if (risky.has(mode)) this.#changed[(letter === 'h') !== (mode === '25') ? 'add' : 'delete'](mode)
      }
    }
    for (const [, letter] of text.matchAll(/\x1b([=>])/g)) this.#keypad = letter === '='
    this.#tail = text.slice(-tailLength)
  }

  /** What undoes it all. */
  undo(): string {
    const modes = [...this.#changed].map((mode) => `\x1b[?${mode}${mode === '25' ? 'h' : 'l'}`)
    return `${modes.join('')}${this.#keypad ? '\x1b>' : ''}\x1b[0m`
  }
}
