import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { flockNow } from '../linux/libc.js'

/** In the home of an instance. Whoever removes layers has it alone. */
export const layersLock = 'layers.lock'

/**
 * Keeps layers from being removed while another process than the runtime makes a template of them. It ends with the process, too.
 */
export async function holdLayers(home: string): Promise<Disposable> {
  const lock = openSync(join(home, layersLock), 'a', 0o600)
  // Whoever has it has it for milliseconds.
  while (!flockNow(lock, 'shared')) await sleep(5)
  return { [Symbol.dispose]: () => closeSync(lock) }
}
