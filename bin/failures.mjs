// Prints what failed in a JSON report of Vitest or Playwright, a line each: file, test and the first line of why.
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const firstLine = (text = '') => stripVTControlCharacters(text).trim().split('\n', 1)[0]
const say = (file, test, why) =>
  console.log([file, test, firstLine(why)].filter(Boolean).join(' › ').slice(0, 800))

for (const file of report.testResults ?? []) {
  if (file.status !== 'failed') continue
  const failed = file.assertionResults.filter(({ status }) => status === 'failed')
  if (failed.length === 0)
    say(relative('.', file.name), '', file.message || 'could not be loaded or cleaned up after')
  for (const test of failed) say(relative('.', file.name), test.fullName, test.failureMessages[0])
}

const specs = (suite) => [...(suite.specs ?? []), ...(suite.suites ?? []).flatMap(specs)]
for (const spec of (report.suites ?? []).flatMap(specs)) {
  if (!spec.ok) say(`e2e/${spec.file}`, spec.title, spec.tests[0]?.results.at(-1)?.error?.message)
}
for (const error of report.errors ?? []) say('e2e', '', error.message)
