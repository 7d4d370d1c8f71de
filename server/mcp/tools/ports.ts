import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { type Port, portNumber } from '../../../protocol/api/index.js'
import { ApiError } from '../../errors.js'
import { tool } from '../tool.js'
import { sandbox } from './sandbox.js'

const lookMs = 250

export const waitForPort = tool(
  {
    name: 'wait_for_port',
    title: 'Wait for a port',
    description:
      'Waits until a program in a sandbox listens on a TCP port, such as a web server that was started in the background, and answers with the address at which people open it in a browser. ' +
      'When nothing listens in time, it says which ports there are: read the log of the program then.',
    input: z.strictObject({
      sandbox,
      port: portNumber,
      timeout_seconds: z.int().min(1).max(300).default(30),
    }),
    annotations: { readOnlyHint: true },
  },
  async ({ who, services, signal }, { sandbox, port, timeout_seconds }) => {
    const until = performance.now() + timeout_seconds * 1000
    for (;;) {
      const ports = await services.ports.list(who, sandbox)
      const found = ports.find((one) => one.port === port && one.address !== null)
      if (found !== undefined) return described(found)
      if (performance.now() >= until) throw nobodyListens(port, timeout_seconds, ports)
      await sleep(lookMs, undefined, { signal })
    }
  },
)

const whose = {
  private: 'for people who may work in the sandbox, signed in',
  tenant: 'for every member of the tenant, signed in',
  public: 'for everybody',
} as const

function described({ port, address, process, url, visibility }: Port): string {
  const program = process === null ? '' : ` by ${process}`
  const open =
    url === null
      ? 'This Cloche has no address for previews; reach it from inside, with run_command and curl'
      : `It is opened at ${url}, ${whose[visibility]}`
  return `port ${port} is open at ${address}${program}. ${open}`
}

function nobodyListens(port: number, seconds: number, ports: readonly Port[]): ApiError {
  const there = ports.filter(({ address }) => address !== null).map((one) => one.port)
  const others = there.length === 0 ? 'nothing listens at any port' : `there are ${there.join(', ')}`
  return new ApiError('port_timeout', `nothing listens on port ${port} after ${seconds} s; ${others}`)
}
