import { readFile } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import { buffer } from 'node:stream/consumers'
import type { Cloche, CreateRun, Language } from '../../sdk/index.js'
import { Failure, UsageError } from '../command.js'
import { type ClientCall, clientCommand } from './client-command.js'
import { notTheProgram } from './exit-code.js'
import { printJson } from './output.js'
import { pairs } from './pairs.js'
import { mebibytesOf, secondsOf } from './quantity.js'
import { exitCodeOfRun, explain, printRun } from './run-output.js'

export const run = clientCommand({
  name: 'run',
  group: 'Runs',
  operands: 'FILE [ARG…] | -- COMMAND…',
  summary: 'Run a program or a command once in a fresh sandbox',
  details:
    'FILE is compiled first if its language needs that. Reads stdin unless it is a terminal. The exit code is that of\n' +
    'the program; 128 + n when signal n ended it, 120 after a compile error, 122 at the limit of output, disk or\n' +
    'processes, 124 at a time limit, 137 at the memory limit, and 125 when Cloche failed.',
  flags: {
    language: {
      type: 'string',
      short: 'l',
      value: 'NAME',
      help: 'default: by the extension of FILE; see cloche languages',
    },
    template: { type: 'string', short: 't', value: 'NAME', help: 'for COMMAND; default: base' },
    file: {
      type: 'string',
      short: 'f',
      multiple: true,
      value: 'FILE',
      help: 'another file to copy; can be given more than once',
    },
    env: {
      type: 'string',
      short: 'e',
      multiple: true,
      value: 'NAME=TEXT',
      help: 'an environment variable; can be given more than once',
    },
    timeout: { type: 'string', value: 'TIME', help: 'time limit, such as 500ms or 2m; default: 10s' },
    cpu: { type: 'string', value: 'TIME', help: 'CPU time limit; default: 10s' },
    memory: { type: 'string', value: 'SIZE', help: 'memory limit, such as 512m or 1g; default: 256m' },
    internet: { type: 'boolean', help: 'allow internet access' },
    report: {
      type: 'string',
      value: 'PATH',
      help: 'print which tests failed, from this file in the sandbox: JUnit XML, TAP or results.json',
    },
    'no-stdin': { type: 'boolean', short: 'n', help: 'do not read stdin' },
    detach: { type: 'boolean', short: 'd', help: 'print the id and do not wait; see cloche logs' },
  },
  fields: {
    'limits.wallMs': '--timeout (ms)',
    'limits.cpuMs': '--cpu (ms)',
    'limits.memoryMiB': '--memory (MiB)',
    'report.path': '--report',
    ...{ files: '--file', env: '--env', template: '--template', language: '--language', stdin: 'stdin' },
  },
  takes: 1,
  failureCode: notTheProgram,
  async run(call) {
    const { cloche, json, has } = call
    const request = await requestOf(call)
    if (json && !has('detach')) {
      const result = await cloche.runs.run(request)
      printJson(result)
      return exitCodeOfRun(result)
    }
    const started = await cloche.runs.create(request)
    if (has('detach')) {
      if (json) printJson(await started.describe())
      else console.log(started.id)
      return 0
    }
    const result = (await printRun(started.events())) ?? (await started.describe())
    const words = explain(result)
    if (words !== undefined) console.error(`cloche: ${words}`)
    return exitCodeOfRun(result)
  },
})

async function requestOf(call: ClientCall): Promise<CreateRun> {
  const { cloche, words, rest, has, text, texts } = call
  const [program] = words
  if (program === undefined && rest.length === 0)
    throw new UsageError('specify a program or a command: cloche run FILE, or cloche run -- COMMAND…')
  const paths = [...(program === undefined ? [] : [program]), ...texts('file')]
  const files = await Promise.all(paths.map(fileOf))
  const read = !has('no-stdin') && !process.stdin.isTTY
  const millisecondsOf = (flag: string) => {
    const seconds = secondsOf(flag, text(flag))
    return seconds && Math.round(seconds * 1000)
  }
  const [only, ...more] = rest
  return {
    ...{ files, env: pairs('env', texts('env')), network: has('internet') ? 'internet' : 'none' },
    ...(program === undefined
      ? { command: more.length === 0 ? only : [...rest], template: text('template') }
      : { language: text('language') ?? (await languageOf(cloche, program)), args: [...rest] }),
    ...(has('report') && { report: { path: text('report') ?? '' } }),
    ...(read ? { stdin: (await buffer(process.stdin)).toString('base64'), stdinEncoding: 'base64' } : {}),
    limits: {
      ...{ wallMs: millisecondsOf('timeout'), cpuMs: millisecondsOf('cpu') },
      memoryMiB: mebibytesOf('memory', text('memory')),
    },
  }
}

async function fileOf(path: string) {
  const content = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new Failure(
      `${path} cannot be read: ${error.code === 'ENOENT' ? 'there is no such file' : error.message}`,
    )
  })
  return { path: basename(path), content: content.toString('base64'), encoding: 'base64' as const }
}

async function languageOf(cloche: Cloche, path: string): Promise<string> {
  const ending = extname(path)
  const language = (await cloche.languages()).find(
    ({ file }: Language) => ending !== '' && extname(file) === ending,
  )
  if (language !== undefined) return language.name
  throw new Failure(
    `no language uses files such as ${basename(path)}; specify one with --language (cloche languages lists them)`,
  )
}
