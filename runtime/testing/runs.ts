import { request } from 'node:http'
import { newId, newRunId, type StepLimits } from '../../protocol/api/index.js'
import { type RuntimeRunEvent, type RuntimeRunResult, runtimeRunEvent } from '../../protocol/node/index.js'
import { testQuota } from './instance.js'
import { testInstance } from './kernel.js'

/** What a step of a test is held to when the test says nothing else. */
export const testStepLimits: StepLimits = {
  ...{ wallMs: 10_000, cpuMs: 10_000, memoryMiB: 64, pids: 16, outputBytes: 65_536 },
}

/** A step of a run, which a test may change in any part. */
export const stepOf = (command: string | string[], over: object = {}) => ({
  ...{ name: 'run', command, stdin: '', env: {}, limits: testStepLimits, compile: false },
  ...over,
})

/** A case with this stdin and these arguments. */
export const caseOf = (stdin: string, over: object = {}) => ({
  stdin: Buffer.from(stdin).toString('base64'),
  ...over,
})

/**
 * Has the test's runtime perform a run. @throws with its answer when it refuses, or breaks off
 * @param signal breaks it off
 */
export function performOn(body: object, signal?: AbortSignal): Promise<RuntimeRunResult> {
  const run = {
    ...{ id: newRunId(), tenantId: newId('tn'), quota: testQuota, template: 'base', cpus: 1, diskMiB: 32 },
    ...{ network: 'none', env: {}, files: [], cases: null, stopOnFailure: false, artifacts: [] },
    ...body,
  }
  return new Promise((resolve, reject) => {
    const socketPath = `/run/cloche/${testInstance}/runtime.sock`
    const wanted = { socketPath, method: 'POST', path: '/runs', agent: false, ...(signal && { signal }) }
    const outgoing = request(wanted, async (answer) => {
      try {
        let text = ''
        for await (const chunk of answer.setEncoding('utf8')) text += chunk
        if (answer.statusCode !== 200) throw new Error(`${answer.statusCode} ${text}`)
        const events = text.trim().split('\n')
        const last: RuntimeRunEvent = runtimeRunEvent.parse(JSON.parse(events.at(-1) ?? ''))
        if (last.type !== 'end') throw new Error(`the last event is ${JSON.stringify(last)}`)
        resolve(last.result)
      } catch (error) {
        reject(error)
      }
    })
    outgoing.once('error', reject).end(JSON.stringify(run))
  })
}

/** A judge with this command, which a test may change in any part. */
export const judgeOf = (mode: 'checker' | 'interactive', command: string | string[], over: object = {}) => ({
  ...{ mode, command, template: 'base', files: [], env: {}, network: 'none', diskMiB: 32 },
  ...{ limits: testStepLimits, compileLimits: testStepLimits },
  ...over,
})
