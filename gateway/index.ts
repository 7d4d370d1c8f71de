import { createLog } from '../common/log.js'
import { runService } from '../common/service.js'
import { readConfig } from './config.js'
import { openGateway } from './gateway.js'

const config = readConfig(process.env)
const log = createLog('ssh', config.logLevel)
await runService(log, async () => {
  const gateway = await openGateway(config, log)
  return async () => gateway[Symbol.asyncDispose]()
})
