import { createLog } from '../common/log.js'
import { runService } from '../common/service.js'
import { readConfig } from './config.js'
import { startRuntime } from './runtime.js'

const config = readConfig(process.env)
const log = createLog('runtime', config.logLevel)
await runService(log, async () => {
  const runtime = await startRuntime(config, log)
  return () => runtime.close()
})
