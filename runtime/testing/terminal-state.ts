import type { IBuffer, IBufferCell, Terminal } from '@xterm/headless'
import { linkOf } from '../terminal/hyperlinks.js'
import { feed } from '../terminal/screen.js'

/** Everything a person or a program can tell of a terminal, for comparing two of them. */
export async function stateOf(terminal: Terminal): Promise<object> {
  const answers: string[] = []
  const listening = terminal.onData((text) => answers.push(text))
  const modes = [1, 6, 7, 12, 25, 45, 66, 1000, 1002, 1003, 1004, 1006, 1016, 1049, 2004]
  await feed(terminal, modes.map((mode) => `\x1b[?${mode}$p`).join(''))
  await feed(terminal, '\x1b[4$p\x1b[6n\x1bP$qr\x1b\\\x1bP$q q\x1b\\')
  listening.dispose()
  const { active, normal } = terminal.buffer
  return {
    size: [terminal.cols, terminal.rows],
    screen: linesOf(terminal, active),
    normal: active === normal ? [] : linesOf(terminal, normal),
    cursor: [active.cursorX, active.cursorY],
    answers,
  }
}

/** Characters and looks, line by line; what is left blank at the end of a line is left out. */
function linesOf(terminal: Terminal, buffer: IBuffer): string[] {
  const lines: string[] = []
  let cell: IBufferCell | undefined
  for (let y = 0; y < buffer.length; y++) {
    const line = buffer.getLine(y)
    let text = ''
    for (let x = 0; line !== undefined && x < line.length; x++) {
      cell = line.getCell(x, cell)
      if (cell !== undefined && cell.getWidth() > 0) {
        text += `${linkOf(terminal, cell)}${lookOf(cell)}${cell.getChars() || ' '}`
      }
    }
    lines.push(text.replace(/( |\x00)+$/, ''))
  }
  return lines
}

const defaultLook = '<0,-1,0,-1/000000000>'

/** Empty for a cell in the default look. */
function lookOf(cell: IBufferCell): string {
  const flags = [
    cell.isBold(),
    cell.isDim(),
    cell.isItalic(),
    cell.isUnderline(),
    cell.isBlink(),
    cell.isInverse(),
    cell.isInvisible(),
    cell.isStrikethrough(),
    cell.isOverline(),
  ]
  const colours = [cell.getFgColorMode(), cell.getFgColor(), cell.getBgColorMode(), cell.getBgColor()]
  const look = `<${colours.join()}/${flags.map((flag) => (flag ? 1 : 0)).join('')}>`
  return look === defaultLook ? '' : look
}
