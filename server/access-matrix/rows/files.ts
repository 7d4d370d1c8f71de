import { kept, looked, open, signature, typed } from '../rules.js'
import { must, type Victim } from '../world.js'
import { box, type Call, type Row, withBody } from './row.js'

const file =
  (path: string) =>
  (victim: Victim): Call => ({ ...box(victim), query: { path } })

/** The files of a sandbox. */
export const fileRows: Readonly<Record<string, Row>> = {
  statFile: { rule: looked, call: file('diary') },
  listFiles: { rule: looked, call: file('.') },
  makeDirectory: { rule: typed, call: withBody({ path: 'made/by/somebody' }) },
  readFile: { rule: looked, call: file('diary') },
  writeFile: { rule: typed, call: (victim) => ({ ...file('written')(victim), body: 'an intruder' }) },
  moveFile: {
    rule: typed,
    call: withBody({ from: 'diary', to: 'diary-of-an-intruder' }),
    fresh: ({ victim }) => ({ ...box(victim), body: { from: 'written', to: 'written', overwrite: true } }),
  },
  copyFile: {
    rule: typed,
    call: withBody({ from: 'diary', to: 'diary-of-an-intruder' }),
    fresh: ({ victim }) => withBody({ from: 'written', to: 'copied', overwrite: true })(victim),
  },
  changeFileMode: {
    rule: typed,
    call: withBody({ path: 'diary', mode: '777' }),
    fresh: ({ victim }) => withBody({ path: 'written', mode: '600' })(victim),
  },
  searchFiles: { rule: looked, call: (victim) => ({ ...box(victim), query: { query: 'confidential' } }) },
  watchFiles: { rule: looked, call: box },
  signFileUrl: { rule: kept, call: withBody({ path: 'diary' }) },
  readSignedFile: {
    rule: open,
    why: 'whoever has the URL may read this one file',
    call: ({ signedRead }) => ({ query: { token: signedRead } }),
  },
  writeSignedFile: {
    rule: signature,
    why: 'a URL that reads a file does not replace it',
    call: ({ signedRead }) => ({ query: { token: signedRead }, body: 'an intruder' }),
    succeeds: async ({ victim }) => ({ query: { token: victim.signedWrite }, body: 'by who has the URL' }),
  },
  readArchive: { rule: looked, call: file('.') },
  // The end of an archive is two empty blocks.
  writeArchive: {
    rule: typed,
    call: (victim) => ({ ...file('unpacked')(victim), body: '\0'.repeat(1024) }),
  },
  deleteFile: {
    rule: typed,
    call: file('diary'),
    fresh: async (world) => {
      const { callers, victim } = world
      await must(callers.owner, 'PUT', `/api/v1/sandboxes/${victim.sandboxId}/files?path=old`, 'x')
      return file('old')(victim)
    },
  },
}
