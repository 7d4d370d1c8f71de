/**
 * What tells whether a name without a slash matches a pattern of Go's `filepath.Match`: `*` and `?` stand for anything,
 * `[a-z]` and `[^a]` for one character, and a backslash takes a meaning away. It takes time in proportion to both lengths at
 * most, whatever they are. Nothing matches a pattern that is malformed.
 */
export function nameMatcher(pattern: string): (name: string) => boolean {
  if (!isPattern(pattern)) return (name) => name === pattern
  const tokens = tokensOf(pattern)
  return tokens === undefined ? () => false : (name) => matches(tokens, [...name])
}

/** The same for one name. */
export const matchesName = (pattern: string, name: string): boolean => nameMatcher(pattern)(name)

function matches(tokens: readonly Token[], letters: readonly string[]): boolean {
  let [at, star, retry] = [0, -1, 0]
  let letter = 0
  while (letter < letters.length) {
    const token = tokens[at]
    if (token === '*') {
      star = at++
      retry = letter
    } else if (token?.(letters[letter] ?? '')) {
      at++
      letter++
    } else if (star >= 0) {
      at = star + 1
      letter = ++retry
    } else return false
  }
  while (tokens[at] === '*') at++
  return at === tokens.length
}

/** Whether a pattern stands for more than itself. */
export const isPattern = (text: string): boolean => /[*?[\\]/.test(text)

type Token = '*' | ((letter: string) => boolean)

function tokensOf(pattern: string): Token[] | undefined {
  const letters = [...pattern]
  const tokens: Token[] = []
  for (let at = 0; at < letters.length; at++) {
    const letter = letters[at] ?? ''
    if (letter === '*') {
      if (tokens.at(-1) !== '*') tokens.push('*')
    } else if (letter === '?') tokens.push(() => true)
    else if (letter === '[') {
      const found = classAt(letters, at + 1)
      if (found === undefined) return undefined
      tokens.push(found.token)
      at = found.end
    } else if (letter === '\\') {
      const next = letters[++at]
      if (next === undefined) return undefined
      tokens.push((one) => one === next)
    } else tokens.push((one) => one === letter)
  }
  return tokens
}

function classAt(letters: readonly string[], start: number): { token: Token; end: number } | undefined {
  let at = start
  const negated = letters[at] === '^'
  if (negated) at++
  const ranges: [string, string][] = []
  const next = () => (letters[at] === '\\' ? letters[++at] : letters[at])
  for (;;) {
    if (letters[at] === ']' && ranges.length > 0) break
    const low = next()
    if (low === undefined) return undefined
    at++
    if (letters[at] !== '-') ranges.push([low, low])
    else {
      at++
      const high = next()
      if (high === undefined) return undefined
      at++
      ranges.push([low, high])
    }
  }
  const token = (letter: string) =>
    ranges.some(([low, high]) => letter >= low && letter <= high) !== negated && letter !== ''
  return { token, end: at }
}
