import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTranslator } from 'use-intl/core'
import { expect, it } from 'vitest'
import { en } from '../messages/en'
import { phrasesIn } from './phrases'

const packages = 'node_modules/@codemirror'

/** Of parts of CodeMirror that the page does not use: it has its own renaming, references and panels of differences. */
const unused = new Set(['New name', 'rename', 'Reference list', 'Accept', 'Reject', 'Revert this chunk'])

it('every text that CodeMirror shows comes from the catalogues', () => {
  const asked = readdirSync(packages).flatMap((name) => {
    const program = join(packages, name, 'dist/index.js')
    const source = existsSync(program) ? readFileSync(program, 'utf8') : ''
    return [
      ...source.matchAll(
        /phrase\((?:view, |view\.state, |fold \? |this\.open \? )?"([^"]+)"(?: : "([^"]+)")?/g,
      ),
    ].flatMap(([, one, other]) => [one, other].filter((text) => text !== undefined))
  })
  expect(asked).toContain('replaced $ matches')
  const known = Object.keys(phrasesIn(createTranslator({ locale: 'en', messages: en })))
  expect([...new Set(asked)].filter((text) => !unused.has(text) && !known.includes(text))).toEqual([])
})
