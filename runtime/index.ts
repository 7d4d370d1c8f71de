import { readConfig } from './config.js'
import { startRuntime } from './runtime.js'

const runtime = await startRuntime(readConfig(process.env))
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void runtime.close().then(() => process.exit(0)))
}
