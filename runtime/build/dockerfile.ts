import { DockerfileParser, type Instruction as Parsed } from 'dockerfile-ast'
import { bounds } from './bounds.js'
import { badBuild } from './error.js'

/** A text that stands below its instruction, up to a word. */
export interface Heredoc {
  readonly name: string
  readonly content: string
  /** Whether variables stand for their values in it. */
  readonly expand: boolean
}

/** One instruction of a Dockerfile, as it is written. */
export interface Instruction {
  /** From 1. */
  readonly line: number
  /** In capitals. */
  readonly keyword: string
  readonly flags: readonly { readonly name: string; readonly value: string }[]
  /** What follows the flags: without comments and line continuations, up to where heredocs begin. */
  readonly text: string
  readonly heredocs: readonly Heredoc[]
}

/**
 * Reads a Dockerfile. What its instructions mean is not looked at.
 * @throws RuntimeRefusal `invalid_request` with the line
 */
export function parseDockerfile(source: string): { instructions: Instruction[]; escapeCharacter: string } {
  if (Buffer.byteLength(source) > bounds.dockerfileBytes)
    throw badBuild(`the Dockerfile is larger than ${bounds.dockerfileBytes / 1024} KiB`)
  const text = source.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')
  if (text.includes('\0')) throw badBuild('the Dockerfile is no text')
  if (text.split('\n').length > bounds.dockerfileLines)
    throw badBuild(`the Dockerfile has more than ${bounds.dockerfileLines} lines`)
  if (text.split('<<').length > bounds.heredocs)
    throw badBuild(`the Dockerfile has more than ${bounds.heredocs} heredocs`)
  assertFewFlags(text)
  const parsed = DockerfileParser.parse(text)
  const escapeCharacter = parsed.getEscapeCharacter()
  const lines = text.split('\n')
  const instructions = parsed.getInstructions().map((one) => instructionOf(one, lines, escapeCharacter))
  return { instructions, escapeCharacter }
}

/** Before it is parsed, since that takes a time that grows with the square of them, of the thread that serves everybody. */
function assertFewFlags(text: string): void {
  // Where a line goes on, so do the flags of its instruction; which character says so is not known yet.
  const joined = text.replaceAll(/[\\`][ \t]*\n(?:[ \t]*(?:#[^\n]*)?\n)*/g, ' ')
  for (const line of joined.split('\n')) {
    const flags =
      /^\s*(?:onbuild\s+)*(?:run|copy|add|from|healthcheck)((?:\s+--\S+)+)/i
        .exec(line)?.[1]
        ?.trim()
        .split(/\s+/) ?? []
    if (flags.length > bounds.flags)
      throw badBuild(`an instruction of the Dockerfile has more than ${bounds.flags} flags`)
  }
}

function instructionOf(parsed: Parsed, lines: readonly string[], escapeCharacter: string): Instruction {
  const range = parsed.getRange()
  const line = range.start.line + 1
  const keyword = parsed.getKeyword()
  const raw = parsed.getRawArgumentsContent() ?? ''
  // ONBUILD and HEALTHCHECK have flags of their own kind.
  const flags = flagsOf(parsed)
  const [first = ''] = raw.split('\n')
  const found = heredocsOf(keyword, first, lines, range.start.line)
  return {
    ...{ line, keyword, flags, heredocs: found },
    text: found.length > 0 ? first.trim() : oneLine(raw, escapeCharacter),
  }
}

function flagsOf(parsed: Parsed): Instruction['flags'] {
  if (!('getFlags' in parsed) || typeof parsed.getFlags !== 'function') return []
  const flags: { getName(): string; getValue(): string | null }[] = parsed.getFlags()
  return flags.map((flag) => ({ name: flag.getName(), value: flag.getValue() ?? '' }))
}

/** `<<EOF`, `<<-EOF` and `<<"EOF"`, each a word of its own. */
const opening = /^\d*<<(-?)(["']?)([A-Za-z_][\w.-]*)\2$/

/** @param start index of the line that they are opened in */
function heredocsOf(keyword: string, first: string, lines: readonly string[], start: number): Heredoc[] {
  if (!['RUN', 'COPY', 'ADD'].includes(keyword)) return []
  let at = start
  return first.split(/\s+/).flatMap((word) => {
    const [, dash = '', quote = '', name = ''] = opening.exec(word) ?? []
    if (name === '') return []
    const content: string[] = []
    // Each begins where the one before has ended.
    for (;;) {
      const next = lines[++at]
      if (next === undefined) throw badBuild(`the heredoc ${name} has no end`, start + 1)
      const own = dash === '-' ? next.replace(/^\t+/, '') : next
      if (own === name) break
      content.push(`${own}\n`)
    }
    return [{ name, content: content.join(''), expand: quote === '' }]
  })
}

/** Lines that are continued become one; comments and empty lines between them go. */
function oneLine(raw: string, escapeCharacter: string): string {
  const parts: string[] = []
  const lines = raw.split('\n')
  for (const [i, line] of lines.entries()) {
    if (i > 0 && /^\s*(#.*)?$/.test(line)) continue
    const trimmed = line.trimEnd()
    parts.push(trimmed.endsWith(escapeCharacter) && i < lines.length - 1 ? trimmed.slice(0, -1) : line)
  }
  return parts.join('').trim()
}
