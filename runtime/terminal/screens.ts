import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import type { Logger } from 'pino'
import { z } from 'zod'
import { type TerminalSize, terminalSize } from '../../protocol/api/index.js'
import { DrawingThread } from './drawing-thread.js'
import type { TerminalEvent } from './screen.js'

/** Below the terminals themselves, for which somebody waits at a keyboard. */
const niceness = 5

const drawn = z.object({ screen: z.instanceof(Uint8Array) })

/** Draws screens in a thread of its own. */
export class Screens {
  readonly #thread: DrawingThread

  /** @param entry a module that calls `drawForParent` when it is not in the main thread */
  constructor(entry: URL, log: Logger) {
    this.#thread = new DrawingThread(entry, log)
  }

  /**
   * @param urgent somebody waits for it
   * @throws UndrawableScreen
   */
  async draw(size: TerminalSize, happened: readonly TerminalEvent[], urgent: boolean): Promise<Uint8Array> {
    return drawn.parse(await this.#thread.ask({ size, happened }, urgent)).screen
  }
}

const events = z.array(z.union([z.instanceof(Uint8Array), terminalSize]))

const request = z.union([
  z.object({ size: terminalSize, happened: events }),
  z.object({
    thumbnail: z.object({
      id: z.string(),
      from: terminalSize.nullable(),
      size: terminalSize,
      happened: events,
      forget: z.array(z.string()),
    }),
  }),
])

/** What the threads do that draw. The emulator is loaded here only. */
export async function drawForParent(): Promise<void> {
  // Linux takes 0 for the calling thread, not for the whole process.
  setPriority(0, niceness)
  parentPort?.postMessage({ thread: readlinkSync('/proc/thread-self') })
  const { drawScreen } = await import('./screen.js')
  const { ThumbnailScreens } = await import('./thumbnail-screens.js')
  const thumbnails = new ThumbnailScreens()
  const answer = async (wanted: z.infer<typeof request>) =>
    'thumbnail' in wanted
      ? thumbnails.show(wanted.thumbnail)
      : { screen: await drawScreen(wanted.size, wanted.happened) }
  parentPort?.on('message', async (message) => {
    try {
      parentPort?.postMessage(await answer(request.parse(message)))
    } catch (error) {
      parentPort?.postMessage({ failure: error instanceof Error ? error.message : String(error) })
    }
  })
}
