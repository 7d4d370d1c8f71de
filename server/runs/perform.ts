import { errorCode, type RunEvent } from '../../protocol/api/index.js'
import { type RuntimeRun, type RuntimeRunResult, runtimeRunEvent } from '../../protocol/node/index.js'
import { ApiError } from '../errors.js'
import type { RuntimeClient } from '../runtime-client/client.js'
import { linesOf } from '../runtime-client/lines.js'
import { RunLost } from './failure.js'

/**
 * Has the runtime perform a run, and hands on what happens.
 * @param canceled ends it
 * @throws ApiError when the runtime refuses it or cannot be reached, RunLost when it breaks off
 */
export async function perform(
  runtime: RuntimeClient,
  run: RuntimeRun,
  hear: (event: RunEvent) => void,
  canceled: AbortSignal,
): Promise<RuntimeRunResult> {
  await runtime.assertMayChange()
  const stream = await runtime.stream('POST', '/runs', {}, JSON.stringify(run), canceled)
  const cancel = () => stream.destroy()
  canceled.addEventListener('abort', cancel)
  if (canceled.aborted) cancel()
  try {
    for await (const line of linesOf(stream)) {
      const event = runtimeRunEvent.parse(JSON.parse(line))
      if (event.type === 'end') return event.result
      if (event.type === 'failed')
        throw new ApiError(errorCode.catch('internal').parse(event.code), event.message)
      hear(event)
    }
  } finally {
    canceled.removeEventListener('abort', cancel)
    stream.destroy()
  }
  throw new RunLost('the runtime ended while the run was under way')
}
