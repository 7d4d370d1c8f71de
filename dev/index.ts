import { Failure } from '../cli/command.js'
import { createLog } from '../common/log.js'
import { supervise } from '../supervisor/commands/up.js'
import { readSettings, requireRoot } from '../supervisor/settings.js'
import { freePort } from '../testing/instance.js'
import { openFront } from './front.js'
import { startPages } from './pages.js'
import { rebuildOnChange } from './rebuild.js'

/**
 * What `bin/dev` runs: an instance of its own under the supervisor of `bin/up`, Next.js in its development mode for the
 * pages, and one address in front of both. A change of the sources builds the programs anew and restarts those it touches.
 */
const log = createLog('dev', 'info')

async function develop(): Promise<number> {
  requireRoot('dev')
  const front = readSettings(process.env)
  const [serverPort, pagesPort] = [await freePort(), await freePort()]
  const settings = { ...front, host: '127.0.0.1', port: serverPort, url: front.url }
  return supervise(settings, async (supervisor, say) => {
    const address = await openFront(front, serverPort, pagesPort)
    const pages = startPages(settings.app, pagesPort)
    const rebuilding = rebuildOnChange(settings.app, supervisor, say, log)
    return {
      async [Symbol.asyncDispose]() {
        await rebuilding[Symbol.asyncDispose]()
        await pages[Symbol.asyncDispose]()
        await address[Symbol.asyncDispose]()
      },
    }
  })
}

try {
  process.exitCode = await develop()
} catch (error) {
  if (!(error instanceof Failure)) throw error
  console.error(`cloche: ${error.message}`)
  process.exitCode = 1
}
