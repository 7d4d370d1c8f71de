import Papa from 'papaparse'

export interface Line {
  /** Of the file, from 1. */
  readonly line: number
  readonly cells: readonly string[]
  /** A quotation mark has no end, so that the cells are not what they seem. */
  readonly broken: boolean
}

export const brokenQuotes = 'a quotation mark has no end'

const separators = [',', ';', '\t', '，', '；'] as const

/**
 * The lines of a file from a spreadsheet, the headings first. Its separator is the one that makes most headings of the first line known ones.
 *
 * @param max lines are read, and a few more, so that it can be said that there are too many
 */
export function linesOf(text: string, isKnown: (heading: string) => boolean, max: number): Line[] {
  const lines: Line[] = []
  const first = text.slice(0, text.indexOf('\n') + 1 || undefined)
  let [line, from] = [1, 0]
  Papa.parse<string[]>(text, {
    ...{ delimiter: separatorOf(first, isKnown), newline: '\n' },
    step: ({ data, errors, meta }, parser) => {
      const broken = errors.some(({ type }) => type === 'Quotes')
      lines.push({ line, cells: data.map(clean), broken })
      // A quoted cell may have line ends of its own.
      for (; from < meta.cursor; from++) if (text[from] === '\n') line++
      if (lines.length > max * 2) parser.abort()
    },
  })
  return lines
}

function separatorOf(head: string, isKnown: (heading: string) => boolean): string {
  const score = (separator: string) => head.split(separator).map(clean).filter(isKnown).length
  return separators.toSorted((a, b) => score(b) - score(a))[0] ?? ','
}

/** What exports put before a formula goes again, so that a file comes back as it went. */
export const clean = (cell: string): string =>
  cell
    .normalize('NFC')
    .replaceAll(/[\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .replace(/^'(?=[=+\-@])/, '')
