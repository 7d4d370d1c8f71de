import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Cloche, CreateStack, StackDescription, StackServiceDescription } from '../../sdk/index.js'
import { type Command, Failure, UsageError } from '../command.js'
import { buildTemplate } from './build.js'
import { clientCommand } from './client-command.js'
import { printable, printJson, printTable, showAge } from './output.js'
import { pairs } from './pairs.js'

const group = 'Stacks'

/** Names and ids of stacks, for completion. */
async function stackWords(cloche: Cloche): Promise<readonly string[]> {
  const words: string[] = []
  for await (const { id, name } of cloche.stacks.list()) words.push(name, id)
  return words
}

/** The stack that a person means by its id or its name; undefined when there is none. */
async function find(cloche: Cloche, word: string): Promise<StackDescription | undefined> {
  for await (const one of cloche.stacks.list()) if (one.name === word || one.id === word) return one
  return undefined
}

async function idOf(cloche: Cloche, word: string | undefined): Promise<string> {
  if (word === undefined)
    throw new UsageError('specify a stack by its name or id; cloche stack ls lists them')
  const found = await find(cloche, word)
  if (found === undefined) throw new Failure(`there is no stack ${word}; cloche stack ls lists them`)
  return found.id
}

function printServices(services: readonly StackServiceDescription[]): void {
  const rows = services.map(({ name, state, exitCode, restarts, sandbox, ports, problem }) => [
    ...[name, state === 'exited' ? `exited (${exitCode})` : state, String(restarts), sandbox ?? ''],
    ports.map(({ port, url }) => url ?? String(port)).join(' '),
    printable((problem ?? '').split('\n').at(-1) ?? ''),
  ])
  printTable(['SERVICE', 'STATE', 'RESTARTS', 'SANDBOX', 'PREVIEWS', 'PROBLEM'], rows)
}

/** Waits until it is what was asked for, and says what it is. @returns the exit code */
async function report(cloche: Cloche, id: string, json: boolean): Promise<number> {
  const stack = await cloche.stacks.settled(id)
  if (json) printJson(stack)
  else {
    printServices(stack.services)
    if (stack.problem !== null) console.error(`cloche: ${printable(stack.problem)}`)
  }
  return stack.state === 'running' || stack.state === 'stopped' ? 0 : 1
}

/**
 * Builds the templates that a compose file says how to build.
 * @param directory that its paths begin in
 * @param again also those that are there already
 * @returns what stands in the files that it names
 */
async function prepare(
  cloche: Cloche,
  wanted: CreateStack,
  directory: string,
  again: boolean,
  json: boolean,
): Promise<Record<string, string>> {
  const { services, files } = await cloche.stacks.plan(wanted)
  const read = await Promise.all(
    files.map(async ({ path, required }): Promise<[string, string][]> => {
      try {
        return [[path, await readFile(resolve(directory, path), 'utf8')]]
      } catch (error) {
        if (!required && error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
        throw cannotRead(path, error)
      }
    }),
  )
  const built = new Set<string>()
  for (const { name, template, exists, build } of services) {
    if (build === null || (exists && !again) || built.has(template)) continue
    built.add(template)
    const { context, dockerfile, args, target } = build
    console.error(`cloche: building the template ${template} of ${name}`)
    const options = { dockerfile, args, ...(target === null ? {} : { target }) }
    // What is printed as JSON is the stack alone.
    const hear = json ? () => {} : undefined
    if (!(await buildTemplate(cloche, template, resolve(directory, context), options, hear)))
      throw new Failure(`the template ${template} of ${name} was not built; nothing was started`)
  }
  return Object.fromEntries(read.flat())
}

const cannotRead = (path: string, error: unknown) =>
  new Failure(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`)

const up = clientCommand({
  ...{ name: 'stack up', group },
  summary: 'Start the services of a compose file, and wait until they have started',
  details:
    'Templates of services with `build` are built when they are not there yet. A stack of this name from the same file is started again; services that run are not restarted. For another file delete it first; its volumes stay.',
  flags: {
    file: { type: 'string', short: 'f', value: 'FILE', help: 'the compose file; compose.yaml if absent' },
    name: {
      type: 'string',
      short: 'p',
      value: 'NAME',
      help: 'of the stack; if absent, the name in the file',
    },
    var: { type: 'string', multiple: true, value: 'NAME=TEXT', help: 'value of ${NAME} in the file' },
    build: { type: 'boolean', help: 'build templates again that are there already' },
    detach: { type: 'boolean', short: 'd', help: 'do not wait' },
  },
  async run({ cloche, words, text, texts, has, json }) {
    if (words.length > 0) throw new UsageError('specify the file with --file')
    const file = text('file') ?? 'compose.yaml'
    const compose = await readFile(file, 'utf8').catch((error: unknown) => {
      throw cannotRead(file, error)
    })
    const name = text('name')
    const known = name === undefined ? undefined : await find(cloche, name)
    let id = known?.id
    if (id === undefined) {
      const variables = pairs('var', texts('var'))
      const wanted = { compose, variables, ...(name === undefined ? {} : { name }) }
      const files = await prepare(cloche, wanted, dirname(file), has('build'), json)
      id = (await cloche.stacks.create({ ...wanted, files })).id
    } else if ((await cloche.stacks.describe(id)).compose === compose) await cloche.stacks.start(id)
    else
      throw new Failure(
        `there is a stack ${name} from another file; delete it first: cloche stack down ${name}`,
      )
    if (!has('detach')) return report(cloche, id, json)
    if (json) printJson(await cloche.stacks.describe(id))
    else console.log(id)
    return 0
  },
})

const list = clientCommand({
  ...{ name: 'stack ls', group },
  summary: 'List stacks, newest first',
  async run({ cloche, json }) {
    const all: StackDescription[] = []
    for await (const one of cloche.stacks.list()) all.push(one)
    const rows = all.map(({ id, name, state, services, createdAt }) => [
      ...[id, name, state, String(services.length), showAge(createdAt)],
    ])
    if (json) printJson(all)
    else printTable(['ID', 'NAME', 'STATE', 'SERVICES', 'AGE'], rows)
    return 0
  },
})

const ps = clientCommand({
  ...{ name: 'stack ps', group, operands: 'STACK' },
  summary: 'Show the services of a stack, with their previews',
  completes: stackWords,
  async run({ cloche, words: [word], json }) {
    const stack = await cloche.stacks.describe(await idOf(cloche, word))
    if (json) printJson(stack)
    else {
      printServices(stack.services)
      if (stack.problem !== null) console.error(`cloche: ${printable(stack.problem)}`)
    }
    return 0
  },
})

const logs = clientCommand({
  ...{ name: 'stack logs', group, operands: 'STACK [SERVICE...]' },
  summary: 'Print what the services of a stack print, each line after the name of its service',
  flags: { follow: { type: 'boolean', short: 'f', help: 'wait for more, until the command is ended' } },
  completes: stackWords,
  async run({ cloche, words: [word, ...services], has, json }) {
    const id = await idOf(cloche, word)
    const options = { follow: has('follow'), ...(services.length === 0 ? {} : { services }) }
    const known = (await cloche.stacks.describe(id)).services.map(({ name }) => name.length)
    const width = Math.max(...known)
    const say = (service: string, line: string) =>
      console.log(`${service.padEnd(width)} | ${printable(line)}`)
    for await (const event of cloche.stacks.logs(id, options)) {
      if (json) console.log(JSON.stringify(event))
      else if (event.type === 'log') {
        for (const line of event.text.replace(/\n$/, '').split('\n'))
          say(event.service, line.replace(/\r$/, ''))
      } else if (event.type === 'gap') say(event.service, '[some output was not kept]')
      else say(event.service, `[ended with ${event.signal ?? `exit code ${event.exitCode}`}]`)
    }
    return 0
  },
})

const stop = clientCommand({
  ...{ name: 'stack stop', group, operands: 'STACK' },
  summary: 'Stop the services of a stack; their disks are kept',
  completes: stackWords,
  async run({ cloche, words: [word], json }) {
    const id = await idOf(cloche, word)
    await cloche.stacks.stop(id)
    return report(cloche, id, json)
  },
})

const start = clientCommand({
  ...{ name: 'stack start', group, operands: 'STACK' },
  summary: 'Start what does not run of a stack, in its order',
  completes: stackWords,
  async run({ cloche, words: [word], json }) {
    const id = await idOf(cloche, word)
    await cloche.stacks.start(id)
    return report(cloche, id, json)
  },
})

const down = clientCommand({
  ...{ name: 'stack down', group, operands: 'STACK...' },
  summary: 'Delete stacks with their sandboxes and what is on their disks; volumes stay',
  completes: stackWords,
  async run({ cloche, words }) {
    if (words.length === 0) await idOf(cloche, undefined)
    for (const word of words) await cloche.stacks.delete(await idOf(cloche, word))
    return 0
  },
})

export const stackCommands: readonly Command[] = [up, list, ps, logs, stop, start, down]
