/**
 * The words of a command as a shell reads them: quotes and backslashes, nothing else.
 * @returns undefined when a quotation mark has no end
 */
export function wordsOf(text: string): string[] | undefined {
  const words: string[] = []
  let word: string | undefined
  let quote: string | undefined
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? ''
    if (quote === undefined && /\s/.test(character)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (quote === undefined && (character === '"' || character === "'")) {
      quote = character
      word ??= ''
    } else if (character === quote) quote = undefined
    else if (character === '\\' && quote !== "'" && at + 1 < text.length) {
      const next = text[++at] ?? ''
      // Within quotation marks a backslash stands for itself before most characters.
      word =
        (word ?? '') + (quote === '"' && !['"', '\\', '$', '`', '\n'].includes(next) ? `\\${next}` : next)
    } else word = (word ?? '') + character
  }
  if (quote !== undefined) return undefined
  if (word !== undefined) words.push(word)
  return words
}
