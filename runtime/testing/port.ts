import { request } from 'node:http'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { portLine } from '../../protocol/node/index.js'
import { refusalOf } from './instance.js'
import { testInstance } from './kernel.js'

/** A connection to a port of a sandbox of this file's instance, or what it is refused with. */
export function openPort(sandbox: string, port: number): Promise<Duplex | { code: string; message: string }> {
  return new Promise((resolve, reject) => {
    const headers = { connection: 'Upgrade', upgrade: portLine }
    const path = `/sandboxes/${sandbox}/ports/${port}/connect`
    const socketPath = `/run/cloche/${testInstance}/runtime.sock`
    const outgoing = request({ socketPath, path, headers, agent: false }).once('error', reject)
    outgoing.once('response', async (answer) =>
      resolve(refusalOf({ status: answer.statusCode ?? 0, text: await text(answer) })),
    )
    outgoing.once('upgrade', (_, line, head) => {
      line.unshift(head)
      resolve(line)
    })
    outgoing.end()
  })
}
