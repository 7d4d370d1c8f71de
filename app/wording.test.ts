import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

/** Phrases that were replaced because readers did not understand them: metaphors, riddles and home-made terms. */
const replaced = [
  'A name is made if you give none',
  'Some names',
  'Nothing but what you list',
  'Cut off from everything',
  'Each limit by itself',
  'A kernel of its own',
  'Left of the quota',
  'It is there in a moment',
  'Change sandbox',
  'As now',
  'Takes effect at once',
  'what runs goes on',
  'is gone at once',
  'stands still',
  'Resume goes on from there',
  'Nothing runs.',
  'runs again',
  '} is started',
  'The line is down',
  'The line to Cloche',
  'what you type is kept and sent',
  'As the page',
  'As the device',
  'Colours of the pages',
  'Bell shows a flash',
  'Read and select as text',
  'Text of the terminal',
  'End the terminal',
  'End this terminal',
  'a fresh sandbox that nobody used before',
  'The same from elsewhere',
  'printed nothing',
  'Does not compile',
  'but for space at the ends',
  'Without an expected text',
  'What this tenant may have',
  'Begins with',
  'until it is revoked',
  'Invite somebody',
  'Make the link',
  'lose the way',
  'loses the way',
  'There is nothing here',
  'This page broke',
  'an owner renames',
  "'here'",
  "'not here'",
  'In time',
  'made cold',
  'Thrown away',
  'came, and forecast',
  'Memory for it',
  'Disk for it',
  'Warm ahead',
  'Keep the schedule',
  'Drop the',
  'Binds all sandboxes',
  'Who are you?',
  'this is our mistake',
  'it ran for more than',
  'Linux box',
]

const files = ['app', 'cli', 'protocol/api', 'server', 'runtime/run'].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path) && !/\.test\.ts$/.test(path))
    .map((path) => join(folder, path)),
)

/** A file's text without comments, with line breaks inside JSX text as the reader sees them. */
function shownText(path: string): string {
  return readFileSync(path, 'utf8')
    .replace(/\/\*[\s\S]*?\*\/|(^|\s)\/\/ .*$/gm, '')
    .replace(/\s+/g, ' ')
}

it('no page and no message uses a phrase that was replaced for plain words', () => {
  expect(files.length).toBeGreaterThan(200)
  const found = files.flatMap((path) => {
    const text = shownText(path)
    return replaced.filter((phrase) => text.includes(phrase)).map((phrase) => `${path}: ${phrase}`)
  })
  expect(found).toEqual([])
})
