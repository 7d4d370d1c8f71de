import type { RunRequest } from './draft'
import { textOf } from './text'

/** One word of a shell's line, whatever is in it. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

export function curlOf(request: RunRequest, origin: string): string {
  return [
    `curl ${quoted(`${origin}/api/v1/runs`)}`,
    '-H "Authorization: Bearer $CLOCHE_API_KEY"',
    "-H 'Content-Type: application/json'",
    `--data-raw ${quoted(JSON.stringify({ ...request, wait: true }))}`,
  ].join(' \\\n  ')
}

export function sdkOf(request: RunRequest, origin: string): string {
  return `import { Cloche } from '@cloche/sdk'

const cloche = new Cloche({ url: ${JSON.stringify(origin)}, apiKey: process.env.CLOCHE_API_KEY })
const run = await cloche.runs.run(${JSON.stringify(request, null, 2)})
console.log(run.status, run.${request.cases ? 'cases' : 'steps.at(-1)?.stdout.content'})
`
}

/** Null for what `cloche run` has no words for: cases, steps, artifacts, and files that are no text. */
export function cliOf(request: RunRequest): string | null {
  const { language, template, command, files = [], stdin, args = [], env = {}, limits = {} } = request
  if (request.cases || request.steps || request.artifacts) return null
  if (typeof request.network === 'object') return null
  const { wallMs, cpuMs, memoryMiB, ...unsaid } = limits
  if (Object.keys(unsaid).length > 0) return null
  const texts = files.map(({ path, content, encoding }) => ({
    path,
    text: textOf(content, encoding ?? 'utf8'),
  }))
  // The command takes files along by their last name, into one directory.
  if (
    texts.some(({ path, text }) => text === null || path.includes('/')) ||
    files.some((file) => file.executable)
  )
    return null
  const input = stdin === undefined ? '' : textOf(stdin, request.stdinEncoding ?? 'utf8')
  if (input === null) return null
  const [program, ...more] = language === undefined ? [undefined, ...texts] : texts
  const words = [
    'cloche run',
    ...(language === undefined ? [] : ['--language', quoted(language)]),
    ...(template === undefined ? [] : ['--template', quoted(template)]),
    ...more.flatMap((file) => (file ? ['--file', quoted(`./${file.path}`)] : [])),
    ...Object.entries(env).flatMap(([name, value]) => ['--env', quoted(`${name}=${value}`)]),
    ...(wallMs === undefined ? [] : ['--timeout', String(wallMs / 1000)]),
    ...(cpuMs === undefined ? [] : ['--cpu', String(cpuMs / 1000)]),
    ...(memoryMiB === undefined ? [] : ['--memory', String(memoryMiB)]),
    ...(request.network === 'internet' ? ['--internet'] : []),
    ...(program ? [quoted(`./${program.path}`)] : []),
    ...(command === undefined ? [] : ['--', ...[command].flat().map(quoted)]),
    ...(command === undefined && args.length > 0 ? ['--'] : []),
    ...args.map(quoted),
  ]
  const written = texts.map(({ path, text }) => `printf %s ${quoted(text ?? '')} > ${quoted(`./${path}`)}\n`)
  return `${written.join('')}printf %s ${quoted(input)} | ${words.join(' ')}`
}
