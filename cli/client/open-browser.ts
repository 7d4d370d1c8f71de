import { spawn } from 'node:child_process'

/** Programs that open an address in the browser of whoever sits here. */
const openers: Readonly<Partial<Record<NodeJS.Platform, string>>> = { linux: 'xdg-open', darwin: 'open' }

/**
 * Opens an address in the user's browser. Without a desktop, such as over SSH, nothing happens: the caller has
 * printed the address.
 */
export async function openInBrowser(url: string): Promise<void> {
  const { platform, env } = process
  const program = openers[platform]
  const hasDesktop = platform !== 'linux' || env.DISPLAY !== undefined || env.WAYLAND_DISPLAY !== undefined
  if (program === undefined || !hasDesktop) return
  const child = spawn(program, [url], { stdio: 'ignore', detached: true })
  await new Promise<void>((resolve) => child.once('spawn', resolve).once('error', () => resolve())) // not installed
  child.unref()
}
