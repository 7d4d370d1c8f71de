import { spawnSync } from 'node:child_process'

const stty = (...args: string[]) =>
  spawnSync('stty', args, { stdio: ['inherit', 'pipe', 'ignore'], encoding: 'utf8' })

/**
 * Hands each key over as it is typed and each byte as it is written. Node's own raw mode still turns the line feeds
 * of a program into new lines, which full-screen programs do not survive.
 *
 * @returns puts the terminal back
 */
export function makeRaw(): () => void {
  const saved = stty('-g')
  if (saved.status !== 0) {
    process.stdin.setRawMode(true)
    return () => process.stdin.setRawMode(false)
  }
  const restore = () => void stty(saved.stdout.trim())
  process.once('exit', restore)
  stty('raw', '-echo', '-iexten')
  return () => {
    process.off('exit', restore)
    restore()
  }
}
