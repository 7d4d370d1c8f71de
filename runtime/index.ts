import { isMainThread, workerData } from 'node:worker_threads'
import { createLog } from '../common/log.js'
import { runService } from '../common/service.js'
import { readConfig } from './config.js'
import { archiveThread } from './files/messages.js'
import { runArchiveThread } from './files/thread.js'
import { packLayer } from './image/pack-layer.js'
import { layerThread, runLayerThread } from './image/thread.js'
import { reportThread, runReportThread } from './run/report/thread.js'
import { startRuntime } from './runtime.js'
import { runViewThread } from './view/thread.js'
import { watchThread } from './watch/messages.js'
import { runWatchThread } from './watch/thread.js'

if (isMainThread) {
  const config = readConfig(process.env)
  const log = createLog('runtime', config.logLevel)
  await runService(log, async () => {
    const runtime = await startRuntime(config, log, import.meta.url)
    return () => runtime.close()
  })
} else if (archiveThread.safeParse(workerData).success) runArchiveThread(packLayer)
else if (layerThread.safeParse(workerData).success) runLayerThread()
else if (reportThread.safeParse(workerData).success) runReportThread()
else if (watchThread.safeParse(workerData).success) runWatchThread()
else runViewThread()
