import { isMainThread } from 'node:worker_threads'
import { createLog } from '../common/log.js'
import { runService } from '../common/service.js'
import { readConfig } from './config.js'
import { startRuntime } from './runtime.js'
import { runViewThread } from './view/thread.js'

if (isMainThread) {
  const config = readConfig(process.env)
  const log = createLog('runtime', config.logLevel)
  await runService(log, async () => {
    const runtime = await startRuntime(config, log, import.meta.url)
    return () => runtime.close()
  })
} else runViewThread()
