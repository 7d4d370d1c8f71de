import { readdirSync, readFileSync } from 'node:fs'
import { type ClientRequest, request } from 'node:http'
import { join } from 'node:path'
import { expect } from 'vitest'
import { newId } from '../../protocol/api/index.js'
import { type NodeBuildEvent, nodeBuildEvent } from '../../protocol/node/index.js'
import { dir, type Entry, file, image, layout, plainLayer, tar } from '../../testing/images.js'
import { type Instance, testLimits, testQuota } from './instance.js'
import { testInstance } from './kernel.js'

const busybox = readFileSync('/bin/busybox')
const applets = [
  ...['sh', 'ls', 'cat', 'id', 'pwd', 'env', 'sleep', 'stat', 'touch', 'head', 'kill', 'mkdir', 'test', 'rm'],
  ...['echo', 'chmod', 'chown', 'ln', 'dd', 'mv', 'mknod', 'tr', 'date', 'tty', 'find', 'grep', 'printf'],
]
const tiny: readonly Entry[] = [
  ...[
    dir('usr'),
    dir('usr/bin'),
    { name: 'bin', flag: '2', target: 'usr/bin' },
    dir('tmp', { mode: 0o1777 }),
  ],
  file('usr/bin/busybox', busybox, { mode: 0o755 }),
  ...applets.map((name) => ({ name: `usr/bin/${name}`, flag: '2', target: 'busybox' })),
  ...[dir('etc'), dir('root', { mode: 0o700 }), dir('old'), file('old/a', 'a'), file('old/b', 'b')],
  file('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\napp:x:70:71:App:/srv/app:/bin/sh\n'),
  file('etc/group', 'root:x:0:\napp:x:71:\n'),
  { name: 'outside', flag: '2', target: '/../../../../etc' },
]

/** What came of a build. */
export interface Built {
  readonly status: number
  readonly text: string
  readonly events: readonly NodeBuildEvent[]
  readonly log: string
  readonly error: string | null
  /** What each step was at last: `done`, `cached` or `failed`. */
  readonly steps: readonly string[]
}

/** Puts a small image with a shell onto an instance, as the template `tiny`. */
export async function importTiny(cloche: Instance): Promise<void> {
  const answer = await cloche.call(
    ...(['PUT', '/templates/tiny/image'] as const),
    layout([image([plainLayer(tiny)], { Env: ['PATH=/usr/bin', 'BASE=1'], Cmd: ['sh'] })]),
  )
  if (answer.status !== 201) throw new Error(answer.text)
}

/** What a test does with builds of a tenant. */
export function buildsOf(instance: () => Instance, tenantId: string) {
  const begin = (
    dockerfile: string,
    files: readonly Entry[] | Buffer,
    over: object,
    hear: (text: string) => void,
  ) => {
    const options = {
      ...{ id: newId('bd'), tenantId, quota: testQuota, limits: testLimits, template: 'built' },
      ...{
        description: 'of a test',
        bases: { tiny: 'tiny', base: 'base' },
        dockerfile: 'Dockerfile',
        args: {},
      },
      ...{ secrets: [], network: 'none', timeoutSeconds: 60, noCache: false, bytesMax: 10 ** 9, ...over },
    }
    const context = Buffer.isBuffer(files) ? files : tar([file('Dockerfile', dockerfile), ...files])
    let sent: ClientRequest | undefined
    const answer = new Promise<Built>((resolve) => {
      sent = request(
        {
          ...{ socketPath: `/run/cloche/${testInstance}/runtime.sock`, method: 'POST', path: '/builds' },
          headers: { 'content-type': 'application/octet-stream' },
        },
        (response) => {
          let text = ''
          const end = () => resolve(builtOf(response.statusCode ?? 0, text))
          response.setEncoding('utf8').on('data', (part: string) => {
            text += part
            hear(text)
          })
          response.once('end', end).once('error', end).once('close', end)
        },
      )
      sent.once('error', () => resolve(builtOf(0, '')))
      sent.end(Buffer.concat([Buffer.from(`${JSON.stringify(options)}\n`), context]))
    })
    return { answer, cancel: () => sent?.destroy(), id: options.id }
  }
  const build = (dockerfile: string, files: readonly Entry[] | Buffer = [], over: object = {}) =>
    begin(dockerfile, files, over, () => {}).answer
  const good = async (dockerfile: string, files: readonly Entry[] | Buffer = [], over: object = {}) => {
    const built = await build(dockerfile, files, over)
    if (built.error !== null) throw new Error(`${built.error}\n${built.text}`)
    return built
  }
  const inside = async (command: string, template = 'built', more: object = {}) => {
    const cloche = instance()
    const { id } = await cloche.claim({ template, network: 'none' })
    const { stdout, stderr, exit } = await cloche.exec(id, command, more)
    await cloche.call('DELETE', `/sandboxes/${id}`)
    return exit?.exitCode === 0 ? stdout : `${stdout}${stderr}(${exit?.exitCode})`
  }
  const nothingIsLeft = () => {
    expect(readdirSync(join(instance().disk, 'runs'))).toEqual([])
    expect(readdirSync(join(instance().disk, 'ingest'))).toEqual([])
    expect(readdirSync(`/run/cloche/${testInstance}/scratch`)).toEqual([])
    expect(readdirSync(`/run/cloche/${testInstance}/boxes`)).toEqual([])
  }
  return { begin, build, good, inside, nothingIsLeft }
}

function builtOf(status: number, text: string): Built {
  const events: NodeBuildEvent[] = []
  for (const line of status === 200 ? text.split('\n') : []) {
    if (line.endsWith('}')) events.push(nodeBuildEvent.parse(JSON.parse(line)))
  }
  const last = events.at(-1)
  const steps: string[] = []
  for (const event of events) if (event.type === 'step') steps[event.step - 1] = event.state
  return {
    ...{ status, text, events, steps },
    log: events.map((event) => (event.type === 'output' ? event.text : '')).join(''),
    error: status !== 200 ? text : last?.type === 'end' ? last.error : 'it has no end',
  }
}
