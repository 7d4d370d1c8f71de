import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'

/** Every file of the repository that Git knows, or that is new and not ignored. */
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(file))
const pages = files.filter((file) => file.endsWith('.md'))

/** A page without its blocks of code and code spans, in which brackets are no links and `#` begins no heading. */
const prose = (text: string) => text.replace(/^( *)(```|~~~).*?^\1\2/gms, '').replace(/`[^`\n]*`/g, 'code')

/**
 * The anchors of a page's headings, as GitHub makes them: lower case, without punctuation, a hyphen for each space, and
 * a number for each repetition.
 */
function anchors(text: string): Set<string> {
  const seen = new Map<string, number>()
  const found = new Set<string>()
  for (const [, heading = ''] of text.replace(/^( *)(```|~~~).*?^\1\2/gms, '').matchAll(/^#{1,6} (.+)$/gm)) {
    const anchor = heading
      .trim()
      .toLowerCase()
      .replace(/\]\([^)]*\)/g, '')
      .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-')
    const times = seen.get(anchor) ?? 0
    seen.set(anchor, times + 1)
    found.add(times === 0 ? anchor : `${anchor}-${times}`)
  }
  return found
}

/** The links of a page that lead nowhere: a file that is missing, or a heading that its page does not have. */
function brokenLinks(page: string, text: string): string[] {
  const targets = [...prose(text).matchAll(/\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)|^\[[^\]]+\]: (\S+)/gm)]
  return targets
    .map(([, inline, reference]) => inline ?? reference ?? '')
    .filter((target) => !/^[a-z][a-z0-9+.-]*:/i.test(target))
    .filter((target) => {
      const [path = '', anchor] = target.split('#')
      const file = path === '' ? page : normalize(join(dirname(page), decodeURIComponent(path)))
      if (!existsSync(file)) return true
      if (anchor === undefined || statSync(file).isDirectory()) return false
      return !anchors(file === page ? text : readFileSync(file, 'utf8')).has(anchor)
    })
    .map((target) => `${page}: ${target}`)
}

describe('the documentation', () => {
  it('has no relative link to a file or a heading that does not exist', () => {
    expect(pages.length).toBeGreaterThan(30)
    expect(pages.flatMap((page) => brokenLinks(page, readFileSync(page, 'utf8')))).toEqual([])
  })

  it('is named by paths that exist, in code, units and messages too', () => {
    const wrong = files
      .filter((file) => !/^CHANGELOG\.md$|\.(png|ico|woff2?|tar|gz)$/.test(file))
      .flatMap((file) => {
        const paths = readFileSync(file, 'utf8').matchAll(/(?<![\w/.-])docs\/[\w/-]+\.md\b/g)
        return [...paths]
          .filter(([path]) => !existsSync(path) && !existsSync(join(dirname(file), path)))
          .map(([path]) => `${file}: ${path}`)
      })
    expect(wrong).toEqual([])
  })

  it('is checked by rules that notice a mistake', () => {
    const text =
      '# One `two`: three\n\n## Same\n\n## Same\n\n[a](#one-two-three) [b](#same-1) [c](package.json)\n'
    expect(brokenLinks('README.md', text)).toEqual([])
    expect(brokenLinks('README.md', `${text}[d](#same-2) [e](none.md) [f](package.json#x)`)).toEqual([
      'README.md: #same-2',
      'README.md: none.md',
      'README.md: package.json#x',
    ])
  })
})
