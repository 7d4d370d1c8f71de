import { bounds } from './bounds.js'
import { badBuild } from './error.js'

export type Variables = ReadonlyMap<string, string>

/**
 * Splits an instruction's arguments at spaces and puts values in place of variables, as BuildKit does: in single quotes nothing
 * is replaced, and a value is never split.
 * @see https://docs.docker.com/reference/dockerfile/#environment-replacement
 */
export function wordsOf(text: string, variables: Variables, escapeCharacter: string, line: number): string[] {
  return new Expansion(text, variables, escapeCharacter, line).words()
}

/** The same without splitting. */
export function expand(text: string, variables: Variables, escapeCharacter: string, line: number): string {
  return new Expansion(text, variables, escapeCharacter, line).whole()
}

/** The content of a heredoc: quotes are nothing special in it. */
export function expandHeredoc(text: string, variables: Variables, line: number): string {
  return new Expansion(text, variables, '\\', line, true).whole()
}

/** Of values that stand in place of others. */
const depthMax = 50

class Expansion {
  #at = 0
  #depth = 0
  #bytes = 0

  constructor(
    private readonly text: string,
    private readonly variables: Variables,
    private readonly escapeCharacter: string,
    private readonly line: number,
    private readonly quotesAreText = false,
  ) {}

  words(): string[] {
    const words: string[] = []
    let word: string | undefined
    while (this.#at < this.text.length) {
      if (/\s/.test(this.text[this.#at] ?? '')) {
        this.#at++
        if (word !== undefined) words.push(word)
        word = undefined
      } else word = (word ?? '') + this.#next()
    }
    if (word !== undefined) words.push(word)
    return words
  }

  whole(): string {
    let all = ''
    while (this.#at < this.text.length) all += this.#next()
    return all
  }

  /** What the next character stands for, or the quoted text that begins here. */
  #next(): string {
    const character = this.text[this.#at] ?? ''
    if (!this.quotesAreText && (character === "'" || character === '"')) return this.#quoted(character)
    if (character === this.escapeCharacter) return this.#escaped('')
    if (character === '$') return this.#variable()
    this.#at++
    return character
  }

  #quoted(quote: string): string {
    this.#at++
    let text = ''
    while (this.#at < this.text.length) {
      const character = this.text[this.#at] ?? ''
      if (character === quote) {
        this.#at++
        return text
      }
      if (quote === '"' && character === '$') text += this.#variable()
      else if (quote === '"' && character === this.escapeCharacter)
        text += this.#escaped(this.escapeCharacter)
      else {
        text += character
        this.#at++
      }
    }
    throw badBuild(`a quotation mark ${quote} has no end`, this.line)
  }

  /** @param kept what stays of an escapeCharacter that means nothing here */
  #escaped(kept: string): string {
    const next = this.text[this.#at + 1]
    this.#at += 2
    if (next === undefined) return this.escapeCharacter
    if (this.quotesAreText) return next === '$' ? '$' : `${this.escapeCharacter}${next}`
    return kept === '' || next === '"' || next === '$' || next === this.escapeCharacter
      ? next
      : `${kept}${next}`
  }

  #variable(): string {
    const rest = this.text.slice(this.#at + 1)
    const plain = /^[A-Za-z_][A-Za-z0-9_]*|^\d/.exec(rest)?.[0]
    if (plain !== undefined) {
      this.#at += 1 + plain.length
      return this.#bounded(this.variables.get(plain) ?? '')
    }
    if (!rest.startsWith('{')) {
      this.#at++
      return '$'
    }
    const name = /^\{([A-Za-z_][A-Za-z0-9_]*|\d)/.exec(rest)?.[1]
    if (name === undefined) throw badBuild('${ is followed by no name of a variable', this.line)
    this.#at += 2 + name.length
    const value = this.variables.get(name)
    const operator = /^(:?[-+?])/.exec(this.text.slice(this.#at, this.#at + 2))?.[1] ?? ''
    this.#at += operator.length
    if (++this.#depth > depthMax)
      throw badBuild(`variables stand within each other more than ${depthMax} times`, this.line)
    const other = this.#untilBrace(operator, name)
    this.#depth--
    const isSet = value !== undefined && (!operator.startsWith(':') || value !== '')
    switch (operator.slice(-1)) {
      case '-':
        return this.#bounded(isSet ? (value ?? '') : other)
      case '+':
        return this.#bounded(isSet ? other : '')
      case '?':
        if (!isSet) throw badBuild(other || `${name} is not set`, this.line)
        return this.#bounded(value ?? '')
      default:
        return this.#bounded(value ?? '')
    }
  }

  #untilBrace(operator: string, name: string): string {
    let other = ''
    while (this.#at < this.text.length) {
      if (this.text[this.#at] === '}') {
        this.#at++
        return other
      }
      if (operator === '') break
      other += this.#next()
    }
    const what = operator === '' ? 'is of a form that is not supported' : 'has no }'
    throw badBuild(`the variable \${${name} ${what}`, this.line)
  }

  #bounded(text: string): string {
    this.#bytes += text.length
    if (this.#bytes > bounds.wordBytes)
      throw badBuild(`the values of variables are longer than ${bounds.wordBytes} bytes`, this.line)
    return text
  }
}
