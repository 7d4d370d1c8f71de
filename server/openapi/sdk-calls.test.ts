import { describe, expect, it } from 'vitest'
import { Cloche } from '../../sdk/index.js'
import { operationIds } from './operations.js'

type Method = (...args: unknown[]) => unknown

/** Calls of the SDK as its users write them, by the operation that each sends first. */
const found = new Map<string, string>()
const seen = new Set<string>()
let sent: string | undefined

/** Answers the first request with what most calls take for an answer, and leaves others without one. */
const fetch: typeof globalThis.fetch = (url, init) => {
  if (sent !== undefined) return new Promise(() => {})
  sent = `${init?.method} ${new URL(String(url)).pathname.replace('/api/v1', '')}`
  return Promise.resolve(Response.json({ id: 'x', items: [], nextCursor: null }))
}

/** The operation that a request is of; an address that is spelled out comes before one with a parameter. */
function operationOf(request: string | undefined): string | undefined {
  const matching = Object.keys(operationIds).filter((route) =>
    new RegExp(`^${route.replaceAll(/:\w+/g, '[^/]+')}$`).test(request ?? ''),
  )
  const [route] = matching.toSorted((a, b) => a.split(':').length - b.split(':').length)
  return route === undefined ? undefined : operationIds[route]
}

/** The parameters of a function as a caller names them: `(id, { graceSeconds })`. */
function parametersOf(method: Method): string {
  const source = method.toString()
  const names: string[] = []
  let depth = 0
  let name = ''
  for (const character of source.slice(source.indexOf('(') + 1)) {
    if (depth === 0 && (character === ',' || character === ')')) {
      names.push(name)
      name = ''
      if (character === ')') break
    } else name += character
    if ('({['.includes(character)) depth += 1
    if (')}]'.includes(character)) depth -= 1
  }
  const plain = names
    .map((one) => (one.includes('...') ? 'options' : one))
    .map((one) => one.replace(/\s*=(?![^{]*\}).*$/s, '').trim())
    .map((one) => one.replaceAll(/\s*(?:=|:)[^,}]*/g, '').replaceAll(/\s+/g, ' '))
    .map((one) => one.replace(/\s*\}$/, ' }'))
    .filter((one, at) => one !== '' && (one !== 'signal' || at === 0))
  return `(${plain.join(', ')})`
}

const soon = async () => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** What a method gives, called with the same for all that it takes; undefined when it refuses that. */
function call(of: object, method: Method, argument: unknown): unknown {
  try {
    return Reflect.apply(
      method,
      of,
      Array.from({ length: 5 }, () => argument),
    )
  } catch {
    return undefined
  }
}

const isGenerator = (given: unknown): given is AsyncGenerator =>
  typeof given === 'object' && given !== null && Symbol.asyncIterator in given && 'next' in given

/** What comes of it once the first request was answered; undefined where it waits for more, or fails. */
const settled = (given: unknown): Promise<unknown> =>
  Promise.race([Promise.resolve(given).catch(() => undefined), soon()])

/** Calls every method of a part of the SDK, and of what they give. */
async function walk(name: string, part: object): Promise<void> {
  if (seen.has(name)) return
  seen.add(name)
  for (const [key, value] of Object.entries(part)) {
    if (isPart(value)) await walk(`${name}.${key}`, value)
  }
  const methods = new Map<string, Method>()
  for (let level = part; level !== Object.prototype; level = Object.getPrototypeOf(level)) {
    for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(level))) {
      if (typeof value === 'function' && key !== 'constructor') methods.set(key, methods.get(key) ?? value)
    }
  }
  for (const [key, method] of methods) {
    for (const argument of ['x', ['x'], {}]) {
      sent = undefined
      const answer = call(part, method, argument)
      const isIterator = isGenerator(answer)
      const given = await settled(isIterator ? answer.next() : answer)
      const operation = operationOf(sent)
      const example = `${name}.${key}${parametersOf(method)}`
      if (operation !== undefined && !found.has(operation)) {
        found.set(operation, isIterator ? `for await (const one of ${example}) console.log(one)` : example)
      }
      if (isPart(given)) await walk(variableOf(given) ?? example, given)
      if (operation !== undefined) break
    }
  }
}

/** An object of a class of the SDK, and not of the platform. */
const isPart = (value: unknown): value is object =>
  typeof value === 'object' &&
  value !== null &&
  value.constructor?.toString().startsWith('class ') === true &&
  !(value.constructor.name in globalThis)

/** What an example calls such an object; undefined for one that is only a step to its methods. */
function variableOf(part: object): string | undefined {
  const name = part.constructor.name.replace(/^_/, '')
  return name === 'StoredFiles' ? undefined : `${name[0]?.toLowerCase()}${name.slice(1)}`
}

/** The table as the formatter would write it. */
function written(): string {
  const lines = [...found]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([operation, call]) => {
      const line = `  ${operation}: '${call}',`
      return line.length <= 110 ? line : `  ${operation}:\n    '${call}',`
    })
  return [
    '/**',
    ' * How the TypeScript SDK makes each call, with the names of its parameters. A test writes this file from the SDK:',
    ' * `npx vitest run server/openapi/sdk-calls -u`.',
    ' */',
    'export const sdkCalls: Readonly<Record<string, string>> = {',
    ...lines,
    '}',
    '',
  ].join('\n')
}

describe('the calls of the TypeScript SDK that the API reference shows', () => {
  it('are those that the SDK has', async () => {
    await walk('cloche', new Cloche({ url: 'http://cloche.invalid', apiKey: 'x', fetch }))
    expect(found.size).toBeGreaterThan(150)
    await expect(written()).toMatchFileSnapshot('../../app/(reference)/docs/api/sdk-calls.ts')
  })
})
