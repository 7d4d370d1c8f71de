import type { OpenApi } from '../../../lib/protocol-openapi'
import { type ApiCall, answerTypesOf, bodyOf, credentialOf, exampleOf } from './openapi'
import { sdkCalls } from './sdk-calls'

/** A request that can be pasted into a shell: the key is read from a variable, so that none is in the history. */
export function curlOf(api: OpenApi, call: ApiCall): string {
  const lines = [`curl -X ${call.method} '${urlOf(api, call)}'`]
  const credential = credentialOf(call)
  if (credential === 'key') lines.push('-H "Authorization: Bearer $CLOCHE_API_KEY"')
  // A cookie counts with the origin of the page that it is of.
  if (credential === 'session') lines.push('-H "Cookie: $CLOCHE_COOKIE"', `-H 'Origin: ${originOf(api)}'`)
  const body = bodyOf(call)
  if (body?.type === 'application/json') {
    const example = JSON.stringify(exampleOf(api, body.schema))
    lines.push(`-H 'Content-Type: ${body.type}'`, `-d '${example.replaceAll("'", String.raw`'\''`)}'`)
  } else if (body?.type === 'multipart/form-data') lines.push("-F options='{}'", '-F context=@FILE')
  else if (body !== undefined) lines.push(`-H 'Content-Type: ${body.type}'`, '--data-binary @FILE')
  return lines.join(' \\\n  ')
}

/** A Python program with the package `requests`. */
export function pythonOf(api: OpenApi, call: ApiCall): string {
  const body = bodyOf(call)
  const headers: string[] = []
  const credential = credentialOf(call)
  if (credential === 'key') headers.push(`'Authorization': f"Bearer {os.environ['CLOCHE_API_KEY']}"`)
  if (credential === 'session') {
    headers.push("'Cookie': os.environ['CLOCHE_COOKIE']", `'Origin': '${originOf(api)}'`)
  }
  const given = [`'${urlOf(api, call)}'`]
  if (body?.type === 'application/json') given.push(`json=${python(exampleOf(api, body.schema), 1)}`)
  else if (body?.type === 'multipart/form-data') {
    given.push("data={'options': '{}'}", "files={'context': open('FILE', 'rb')}")
  } else if (body !== undefined) {
    headers.push(`'Content-Type': '${body.type}'`)
    given.push("data=open('FILE', 'rb')")
  }
  if (headers.length > 0) given.splice(1, 0, `headers={${headers.join(', ')}}`)
  const [answer] = answerTypesOf(call)
  const isStream = answer === 'text/event-stream'
  if (isStream) given.push('stream=True')
  return [
    ...(credential === 'none' ? [] : ['import os', '']),
    ...['import requests', ''],
    `response = requests.${call.method.toLowerCase()}(`,
    ...given.map((one) => `    ${one},`),
    ')',
    'response.raise_for_status()',
    ...(isStream ? ['for line in response.iter_lines():', '    print(line)'] : pythonAnswer(answer)),
  ].join('\n')
}

function pythonAnswer(type: string | undefined): readonly string[] {
  if (type === undefined) return []
  if (type === 'application/json') return ['print(response.json())']
  return type.startsWith('text/')
    ? ['print(response.text)']
    : ["with open('ANSWER', 'wb') as file:", '    file.write(response.content)']
}

/** A value as Python writes it, indented as what stands at `depth` in a call. */
function python(value: unknown, depth: number): string {
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value !== 'object') return JSON.stringify(value)
  const entries = Array.isArray(value)
    ? value.map((one) => python(one, depth + 1))
    : Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}: ${python(one, depth + 1)}`)
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  if (entries.length === 0) return `${open}${close}`
  const line = `${open}${entries.join(', ')}${close}`
  if (line.length < 60 && !line.includes('\n')) return line
  const indent = '    '.repeat(depth + 1)
  return `${open}\n${entries.map((one) => `${indent}${one},\n`).join('')}${'    '.repeat(depth)}${close}`
}

/** With the TypeScript SDK where it has the call, or else with `fetch`. */
export function typescriptOf(api: OpenApi, call: ApiCall): string {
  const sdk = sdkCalls[call.operationId]
  if (sdk === undefined) return fetchOf(api, call)
  const [, first = ''] = /^(?:for await \(const one of )?(\w+)\./.exec(sdk) ?? []
  return [
    "import { Cloche } from '@cloche/sdk'",
    '',
    credentialOf(call) === 'session'
      ? 'const cloche = new Cloche() // in a page of this server, with its session'
      : `const cloche = new Cloche({ url: '${originOf(api)}', apiKey: process.env.CLOCHE_API_KEY })`,
    ...(objects[first] ?? []),
    sdk.startsWith('for ') ? sdk : `await ${sdk}`,
  ].join('\n')
}

/** How to come by what a method of the SDK is of. */
const objects: Readonly<Record<string, readonly string[]>> = {
  sandbox: ['const sandbox = cloche.sandboxes.at(id)'],
  process: ['const process = cloche.sandboxes.at(id).processes.at(processId)'],
  run: ['const run = cloche.runs.at(id)'],
}

function fetchOf(api: OpenApi, call: ApiCall): string {
  const body = bodyOf(call)
  const headers: string[] = []
  const credential = credentialOf(call)
  if (credential === 'key') headers.push(`authorization: \`Bearer \${process.env.CLOCHE_API_KEY}\``)
  if (body !== undefined) headers.push(`'content-type': '${body.type}'`)
  const isJson = body?.type === 'application/json'
  const [answer] = answerTypesOf(call)
  return [
    ...(credential === 'session' ? ['// in a page of this server, with its session'] : []),
    `const response = await fetch('${urlOf(api, call)}', {`,
    `  method: '${call.method}',`,
    ...(headers.length > 0 ? [`  headers: { ${headers.join(', ')} },`] : []),
    ...(isJson ? [`  body: JSON.stringify(${JSON.stringify(exampleOf(api, body.schema))}),`] : []),
    ...(body !== undefined && !isJson ? ['  body: file,'] : []),
    '})',
    ...(answer === 'application/json' ? ['console.log(await response.json())'] : []),
  ].join('\n')
}

const originOf = (api: OpenApi) => api.servers[0]?.url ?? ''

/** The address with the names of what must be filled in, in capitals. */
function urlOf(api: OpenApi, call: ApiCall): string {
  const needed = call.parameters.filter((one) => one.in === 'query' && one.required)
  const query = needed.map(({ name }) => `${name}=${name.toUpperCase()}`).join('&')
  const path = call.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => name.toUpperCase())
  return `${originOf(api)}${path}${query === '' ? '' : `?${query}`}`
}
