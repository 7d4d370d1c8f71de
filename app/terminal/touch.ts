import type { Terminal } from '@xterm/xterm'

/**
 * Scrolls with a finger, which xterm 6 does not. In a full-screen program, which has no scrollback, a finger presses
 * the arrow keys, as a wheel does there.
 */
export function scrollByTouch(xterm: Terminal, element: HTMLElement): () => void {
  let lastY: number | undefined
  let rest = 0
  const start = (event: TouchEvent) => {
    lastY = event.touches.length === 1 ? event.touches[0]?.clientY : undefined
    rest = 0
  }
  const move = (event: TouchEvent) => {
    const y = event.touches[0]?.clientY
    if (lastY === undefined || y === undefined || event.touches.length !== 1) return
    const rowPx = element.clientHeight / xterm.rows
    rest += (lastY - y) / rowPx
    lastY = y
    const lines = Math.trunc(rest)
    if (lines === 0) return
    rest -= lines
    if (xterm.buffer.active.type === 'normal') xterm.scrollLines(lines)
    else xterm.input(arrow(lines, xterm.modes.applicationCursorKeysMode).repeat(Math.abs(lines)))
  }
  element.addEventListener('touchstart', start, { passive: true })
  element.addEventListener('touchmove', move, { passive: true })
  return () => {
    element.removeEventListener('touchstart', start)
    element.removeEventListener('touchmove', move)
  }
}

function arrow(lines: number, application: boolean): string {
  return `\x1b${application ? 'O' : '['}${lines > 0 ? 'B' : 'A'}`
}
