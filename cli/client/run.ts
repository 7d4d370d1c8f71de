import { readFile } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import { buffer } from 'node:stream/consumers'
import type { Cloche, CreateRun, Language } from '../../sdk/index.js'
import { Failure, UsageError } from '../command.js'
import { type ClientCall, clientCommand } from './client-command.js'
import { notTheProgram } from './exit-code.js'
import { printJson } from './output.js'
import { pairs } from './pairs.js'
import { exitCodeOfRun, explain, printRun } from './run-output.js'

export const run = clientCommand({
  name: 'run',
  operands: 'FILE [ARG…] | -- COMMAND…',
  summary: 'Runs a program, or a command, once in a fresh sandbox, with our stdin.',
  details:
    'A file is compiled if its language wants that, and run. Ends with the exit code of the program, 128 and the number\n' +
    'of the signal that ended it, 120 when it does not compile, 122 at a limit of output, disk or processes, 124 when\n' +
    'its time was over, 137 when its memory was, and 125 when Cloche failed.',
  flags: {
    language: {
      type: 'string',
      short: 'l',
      value: 'NAME',
      help: 'by the ending of FILE if absent: cloche languages',
    },
    template: { type: 'string', short: 't', value: 'NAME', help: 'for a command; base if absent' },
    file: {
      type: 'string',
      short: 'f',
      multiple: true,
      value: 'FILE',
      help: 'takes a file along; more than one',
    },
    env: {
      type: 'string',
      short: 'e',
      multiple: true,
      value: 'NAME=TEXT',
      help: 'a variable; more than one',
    },
    timeout: { type: 'string', value: 'SECONDS', help: 'time that may pass; 10 if absent' },
    cpu: { type: 'string', value: 'SECONDS', help: 'processor time; 10 if absent' },
    memory: { type: 'string', value: 'MIB', help: 'memory; 256 if absent' },
    internet: { type: 'boolean', help: 'let it reach the internet' },
    'no-stdin': { type: 'boolean', short: 'n', help: 'do not read our stdin' },
    detach: { type: 'boolean', short: 'd', help: 'print the id and do not wait: cloche logs shows the rest' },
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
  const { cloche, words, rest, has, text, texts, number } = call
  const [program] = words
  if (program === undefined && rest.length === 0)
    throw new UsageError('what? cloche run FILE, or cloche run -- COMMAND…')
  const paths = [...(program === undefined ? [] : [program]), ...texts('file')]
  const files = await Promise.all(paths.map(fileOf))
  const read = !has('no-stdin') && !process.stdin.isTTY
  const milliseconds = (seconds: number | undefined) => seconds && Math.round(seconds * 1000)
  const [only, ...more] = rest
  return {
    ...{ files, env: pairs('env', texts('env')), network: has('internet') ? 'internet' : 'none' },
    ...(program === undefined
      ? { command: more.length === 0 ? only : [...rest], template: text('template') }
      : { language: text('language') ?? (await languageOf(cloche, program)), args: [...rest] }),
    ...(read ? { stdin: (await buffer(process.stdin)).toString('base64'), stdinEncoding: 'base64' } : {}),
    limits: {
      ...{ wallMs: milliseconds(number('timeout')), cpuMs: milliseconds(number('cpu')) },
      memoryMiB: number('memory'),
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
  throw new Failure(`no language here has files such as ${basename(path)}; say which: --language`)
}
