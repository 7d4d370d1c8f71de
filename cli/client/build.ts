import { existsSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import { parseIgnored } from '../../protocol/api/dockerignore.js'
import type { BuildEvent, Cloche } from '../../sdk/index.js'
import { type Command, Failure, UsageError } from '../command.js'
import { clientCommand } from './client-command.js'
import { printJson } from './output.js'
import { packDirectory } from './pack.js'
import { streamOf } from './streams.js'

const group = 'Templates'
const [bold, dim, red, plain] = ['\x1b[1m', '\x1b[2m', '\x1b[31m', '\x1b[0m']

const build = clientCommand({
  ...{ name: 'build', group, operands: '[DIR]' },
  summary: 'Build a template from a Dockerfile',
  details:
    'DIR, the current directory if absent, is sent without what its .dockerignore names. What the steps print comes as it is printed; Ctrl-C cancels the build. The exit code is 0 when there is a template.',
  flags: {
    tag: { type: 'string', short: 't', value: 'NAME', help: 'name of the template' },
    file: { type: 'string', short: 'f', value: 'FILE', help: 'the Dockerfile, in DIR; Dockerfile if absent' },
    'build-arg': { type: 'string', multiple: true, value: 'NAME=TEXT', help: 'value of an ARG' },
    secret: {
      ...{ type: 'string', multiple: true, value: 'id=ID,src=FILE' },
      help: 'for RUN --mount=type=secret; env=NAME in place of src takes a variable',
    },
    target: { type: 'string', value: 'STAGE', help: 'the stage that becomes the template' },
    'no-cache': { type: 'boolean', help: 'run every step again' },
    timeout: { type: 'string', value: 'SECONDS', help: 'of the whole build; 1800 if absent' },
    network: { type: 'string', value: 'POLICY', help: 'internet or none' },
    cpus: { type: 'string', value: 'N', help: 'cores of a step' },
    memory: { type: 'string', value: 'MIB', help: 'memory of a step' },
    disk: { type: 'string', value: 'MIB', help: 'what a step may write' },
    start: {
      type: 'string',
      value: 'COMMAND',
      help: 'of /bin/sh, started with each sandbox of the template',
    },
    ready: { type: 'string', value: 'COMMAND', help: 'ends with 0 once what was started works' },
  },
  async run({ cloche, words: [directory = '.', ...more], text, texts, has, number, json }) {
    const name = text('tag')
    if (name === undefined || more.length > 0)
      throw new UsageError('specify a name: cloche build [DIR] -t NAME')
    const dockerfile = text('file') ?? 'Dockerfile'
    const network = text('network')
    if (network !== undefined && network !== 'internet' && network !== 'none')
      throw new UsageError('--network is internet or none')
    const limits = Object.fromEntries(
      Object.entries({ cpus: number('cpus'), memoryMiB: number('memory'), diskMiB: number('disk') }).filter(
        ([, value]) => value !== undefined,
      ),
    )
    const [target, timeoutSeconds] = [text('target'), number('timeout')]
    const [start, ready] = [text('start'), text('ready')]
    const options: Options = {
      ...{ dockerfile, args: argumentsOf(texts('build-arg')), secrets: secretsOf(texts('secret')) },
      ...{ limits, noCache: has('no-cache') },
      ...(target === undefined ? {} : { target }),
      ...(start === undefined ? {} : { start }),
      ...(ready === undefined ? {} : { ready }),
      ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
      ...(network === undefined ? {} : { network }),
    }
    return (await buildTemplate(cloche, name, directory, options, json ? printJson : show)) ? 0 : 1
  },
})

type Options = NonNullable<Parameters<Cloche['builds']['start']>[2]> & { readonly dockerfile: string }

/**
 * Builds a template from a directory; Ctrl-C cancels it.
 * @param hear what happens in the build
 * @returns whether there is a template now
 */
export async function buildTemplate(
  cloche: Cloche,
  name: string,
  directory: string,
  options: Options,
  hear: (event: BuildEvent) => void = show,
): Promise<boolean> {
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new Failure(`there is no directory ${directory} here`)
  const begun = await cloche.builds.start(name, streamOf(contextOf(directory, options.dockerfile)), options)
  const cancel = () => void cloche.builds.cancel(name, begun.id).catch(() => {}) // its end says so
  process.once('SIGINT', cancel)
  try {
    for await (const event of cloche.builds.events(name, begun.id)) {
      hear(event)
      if (event.type === 'end') return event.status === 'succeeded'
    }
    throw new Failure('the connection ended before the build did')
  } finally {
    process.off('SIGINT', cancel)
  }
}

function show(event: BuildEvent): void {
  switch (event.type) {
    case 'output':
      process.stdout.write(event.text)
      return
    case 'step': {
      const { state, step, steps, stage, instruction, durationMs } = event
      const [first = ''] = instruction.split('\n')
      if (state === 'started') console.log(`${bold}[${stage} ${step}/${steps}] ${first}${plain}`)
      else if (state === 'cached') console.log(`${dim}CACHED${plain}`)
      else if (state === 'done')
        console.log(`${dim}done in ${((durationMs ?? 0) / 1000).toFixed(1)} s${plain}`)
      return
    }
    case 'end':
      if (event.status === 'succeeded') console.log(`${bold}built${plain}`)
      else console.error(`${red}${event.error ?? event.status}${plain}`)
  }
}

/** A tar of a directory, without what is ignored. */
function contextOf(directory: string, dockerfile: string): AsyncIterable<Uint8Array> {
  const own = join(directory, `${dockerfile}.dockerignore`)
  const file = existsSync(own) ? own : join(directory, '.dockerignore')
  const isFile = statSync(file, { throwIfNoEntry: false })?.isFile() === true
  const ignored = parseIgnored(isFile ? readFileSync(file, 'utf8') : '')
  // The Dockerfile is needed whatever is said of it.
  const kept = new Set(
    [dockerfile, `${dockerfile}.dockerignore`, '.dockerignore'].map((path) => path.replace(/^\.\//, '')),
  )
  const isLeftOut = (path: string, isDirectory: boolean) =>
    ignored.has(path) &&
    !kept.has(path) &&
    !(isDirectory && (!ignored.whole || [...kept].some((one) => one.startsWith(`${path}/`))))
  const leftOut = (path: Buffer, why: string) =>
    console.error(`cloche: ${path.toString()} is left out: ${why}`)
  return Readable.from(packDirectory(resolve(directory), leftOut, isLeftOut)).pipe(createGzip({ level: 1 }))
}

function argumentsOf(stated: readonly string[]): Record<string, string> {
  // A name alone takes the variable of this shell.
  return Object.fromEntries(
    stated.flatMap((one): [string, string][] => {
      const at = one.indexOf('=')
      if (at > 0) return [[one.slice(0, at), one.slice(at + 1)]]
      const value = process.env[one]
      return value === undefined ? [] : [[one, value]]
    }),
  )
}

function secretsOf(stated: readonly string[]): Record<string, Uint8Array> {
  return Object.fromEntries(
    stated.map((one): [string, Uint8Array] => {
      const options = new Map(
        one.split(',').map((part): [string, string] => {
          const at = part.indexOf('=')
          return at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)]
        }),
      )
      const id = options.get('id')
      const source = options.get('src') ?? options.get('source')
      if (id === undefined || id === '')
        throw new UsageError('--secret takes id=ID,src=FILE or id=ID,env=NAME')
      if (source !== undefined) {
        if (!existsSync(source)) throw new Failure(`there is no file ${source} here`)
        return [id, readFileSync(source)]
      }
      const name = options.get('env') ?? id
      const value = process.env[name]
      if (value === undefined) throw new Failure(`the variable ${name} is not set`)
      return [id, Buffer.from(value)]
    }),
  )
}

export const buildCommands: readonly Command[] = [build]
