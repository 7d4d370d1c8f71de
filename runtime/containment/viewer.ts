import { expect } from 'vitest'
import { fileTree } from '../../protocol/api/index.js'
import type { Case } from './arena.js'

const hostile = [
  '<img src=x onerror=alert(1)>',
  '"><script>alert(1)</script>',
  'a\\u001b]0;owned\\u0007b',
  '\\u202egnp.exe',
  'line\\nbreak',
] as const

export const viewer: readonly Case[] = [
  {
    name: 'names of files that are HTML, terminal escapes and bidirectional overrides',
    async run(arena) {
      const sandbox = await arena.attacker()
      const names = hostile
        .map((name): string => JSON.parse(`"${name.replaceAll('"', '\\"')}"`))
        .filter((name) => !name.includes('/'))
      await arena.cloche.exec(sandbox.id, [
        'python3',
        '-c',
        `import json, os
os.mkdir("names")
for name in json.loads(${JSON.stringify(JSON.stringify(names))}): open("names/" + name, "w")`,
      ])
      const answer = await arena.cloche.call('GET', `/sandboxes/${sandbox.id}/tree?path=names`)
      const { entries } = fileTree.parse(JSON.parse(answer.text))
      // Data, as it is: who draws it must draw text. Raw control bytes never stand in the answer.
      expect(entries.map(({ name }) => name).sort()).toEqual([...names].sort())
      expect(answer.text).not.toMatch(/[\x00-\x09\x0b-\x1f]/)
      return 'stay data in JSON'
    },
  },
  {
    name: 'titles of terminals, and escape sequences that ask the terminal to answer',
    async run(arena) {
      const sandbox = await arena.attacker()
      using terminal = await arena.cloche.openTerminal(sandbox.id)
      await terminal.sees('$')
      // Title with HTML and controls; then device attributes, cursor report, clipboard, and a title report.
      terminal.type(
        `printf '\\033]2;<b>x\\001\\342\\200\\256y\\007\\033[c\\033[6n\\033]52;c;?\\007\\033[21t'; echo d''one\n`,
      )
      await terminal.sees('done')
      const { text } = await arena.cloche.call('GET', `/sandboxes/${sandbox.id}/terminals`)
      const [{ title }] = JSON.parse(text).terminals
      expect(title).not.toMatch(/[\p{Cc}\p{Cf}]/u)
      // Nothing on this side answers for a viewer: the shell has been typed nothing.
      terminal.type("echo sa''me\n")
      await terminal.sees('same')
      return 'title cleaned, nothing answered'
    },
  },
]
