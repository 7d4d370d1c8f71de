import { posix } from 'node:path'
import { bounds } from './bounds.js'
import { jsonWords, type StageConfig, shown } from './config.js'
import type { Instruction } from './dockerfile.js'
import { badBuild } from './error.js'
import { type CopySource, type CopyStep, type RunStep, type SecretMount, scriptPath } from './plan.js'
import { expandHeredoc } from './words.js'

/** A RUN. @param known ids of secrets that the build has */
export function runStep(
  instruction: Instruction,
  config: StageConfig,
  proxies: Readonly<Record<string, string>>,
  known: ReadonlySet<string>,
): RunStep {
  const { line, text, heredocs } = instruction
  const secrets: SecretMount[] = []
  let offline = false
  for (const { name, value } of instruction.flags) {
    const stated = config.one(value, line)
    if (name === 'mount') secrets.push(secretMount(stated, known, line))
    else if (name === 'network' && (stated === 'none' || stated === 'default')) offline = stated === 'none'
    else throw badBuild(`RUN --${name}=${stated.slice(0, 80)} is not supported`, line)
  }
  const { args, script } = programOf(instruction, config)
  const shownText = [text, ...heredocs.map(({ content }) => content.trimEnd())].join('\n')
  return {
    ...{ kind: 'run', line, text: `RUN ${shownText}`, args, script, proxies, offline },
    env: Object.fromEntries(config.variables),
    user: config.user,
    cwd: config.workingDirectory ?? '/',
    secrets: secrets.filter(({ id, required }) => required || known.has(id)),
  }
}

function programOf({ text, heredocs }: Instruction, config: StageConfig): Pick<RunStep, 'args' | 'script'> {
  const [first] = heredocs
  if (first === undefined) return { args: config.command(text), script: null }
  if (heredocs.length === 1 && /^<<-?\S+$/.test(text)) {
    // The text itself is the program, for the shell or for what its first line names.
    if (first.content.startsWith('#!')) return { args: [scriptPath], script: first.content }
    return { args: [...config.shell, first.content], script: null }
  }
  // The shell reads heredocs as well.
  const bodies = heredocs.map(({ name, content }) => `${content}${name}\n`).join('')
  return { args: [...config.shell, `${text.replaceAll('<<-', '<<')}\n${bodies}`], script: null }
}

const secretOptions = ['type', 'id', 'target', 'dst', 'destination', 'required', 'mode', 'uid', 'gid', 'env']

function secretMount(stated: string, known: ReadonlySet<string>, line: number): SecretMount {
  const options = new Map(
    stated.split(',').map((part): [string, string] => {
      const at = part.indexOf('=')
      return at < 0 ? [part.trim(), 'true'] : [part.slice(0, at).trim(), part.slice(at + 1).trim()]
    }),
  )
  const type = options.get('type') ?? 'bind'
  if (type === 'cache')
    throw badBuild('RUN --mount=type=cache is not supported: steps that do not change are cached', line)
  if (type !== 'secret') throw badBuild(`RUN --mount=type=${type.slice(0, 40)} is not supported`, line)
  const strange = [...options.keys()].find((name) => !secretOptions.includes(name))
  if (strange !== undefined) throw badBuild(`a secret has no option ${shown(strange)}`, line)
  const target = options.get('target') ?? options.get('dst') ?? options.get('destination')
  const id = options.get('id') ?? (target === undefined ? '' : posix.basename(target))
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/.test(id)) throw badBuild('a secret needs an id', line)
  const required = options.get('required') === 'true'
  if (required && !known.has(id)) throw badBuild(`the secret ${id} was not given`, line)
  const env = options.get('env') ?? null
  if (env !== null && !/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(env))
    throw badBuild(`${shown(env)} is no name of a variable`, line)
  const number = (name: string, base: number, fallback: number) => {
    const text = options.get(name)
    if (text === undefined) return fallback
    const value = Number.parseInt(text, base)
    if (!/^\d{1,5}$/.test(text) || value > 65_535) throw badBuild(`${name} of a secret is no number`, line)
    return value
  }
  return {
    ...{ id, env, required, mode: number('mode', 8, 0o400) & 0o777 },
    ...{ uid: number('uid', 10, 0), gid: number('gid', 10, 0) },
    target: env !== null && target === undefined ? null : secretTarget(target ?? `/run/secrets/${id}`, line),
  }
}

/** Elsewhere the place where it is mounted would stay in the layer as an empty file. */
function secretTarget(stated: string, line: number): string {
  const path = posix.resolve('/', stated)
  if (/^\/run(\/[A-Za-z0-9_][A-Za-z0-9_.-]*){1,8}$/.test(path) && !path.startsWith('/run/cloche-'))
    return path
  throw badBuild(`a secret can be mounted below /run only, and not at ${shown(path)}`, line)
}

function assertFewWords(words: readonly string[], line: number): void {
  // One of them is the target.
  if (words.length > bounds.sourceWords + 1)
    throw badBuild(`it names more than ${bounds.sourceWords} sources`, line)
}

const copyOptions = ['from', 'chown', 'chmod', 'link']
const urls = /^(https?|ftp|git|ssh):\/\/|^git@/

/** A COPY or ADD. @param sourceOf what `--from` names */
export function copyStep(
  instruction: Instruction,
  config: StageConfig,
  sourceOf: (from: string) => CopySource,
): CopyStep {
  const { line, keyword, flags, heredocs } = instruction
  const options = new Map(flags.map(({ name, value }): [string, string] => [name, value]))
  for (const name of options.keys()) {
    if (!copyOptions.includes(name) || (keyword === 'ADD' && name === 'from'))
      throw badBuild(`${keyword} --${name} is not supported`, line)
  }
  const stated = jsonWords(instruction.text)
  if (stated !== undefined) assertFewWords(stated, line)
  const words = stated?.map((word) => config.one(word, line)) ?? config.words(instruction)
  assertFewWords(words, line)
  const target = words.pop()
  // Of heredocs the opening stands among the sources.
  const sources = words.filter((word) => heredocs.length === 0 || !word.startsWith('<<'))
  if (target === undefined || sources.length + heredocs.length === 0)
    throw badBuild(`${keyword} takes what to copy, and where to`, line)
  const url = sources.find((source) => urls.test(source))
  if (url !== undefined)
    throw badBuild(`${keyword} of an address is not supported; RUN curl or wget fetches ${shown(url)}`, line)
  const from = options.get('from')
  if (from !== undefined && heredocs.length > 0) throw badBuild('a heredoc comes from no other stage', line)
  const double = heredocs.find(({ name }, i) => heredocs.findIndex((one) => one.name === name) !== i)
  if (double !== undefined) throw badBuild(`there are two heredocs ${double.name}`, line)
  const chmod = options.get('chmod')
  const mode = chmod === undefined ? null : config.one(chmod, line)
  if (mode !== null && !/^[0-7]{1,4}$/.test(mode))
    throw badBuild(`--chmod takes an octal number such as 755, not ${shown(mode)}`, line)
  const chown = options.get('chown')
  const isDirectory = /(^|\/)\.?$/.test(target) || sources.length + heredocs.length > 1
  const path = config.resolve(target, line)
  const opening = (name: string) => `<<${name}`
  return {
    ...{ kind: 'copy', line, sources, unpack: keyword === 'ADD' },
    text: [
      keyword,
      ...flags.map(({ name, value }) => `--${name}=${value}`),
      ...heredocs.map(({ name }) => opening(name)),
      ...sources,
      target,
    ].join(' '),
    from: from === undefined ? { kind: 'context' } : sourceOf(from),
    inline: heredocs.map(({ name, content, expand }) => ({
      name,
      content: expand ? expandHeredoc(content, config.variables, line) : content,
    })),
    target: isDirectory && path !== '/' ? `${path}/` : path,
    chown: chown === undefined ? null : config.one(chown, line),
    chmod: mode === null ? null : Number.parseInt(mode, 8),
  }
}
