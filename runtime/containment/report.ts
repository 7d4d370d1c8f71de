import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Echo } from '../../testing/echo.js'

/** One attack as it went. */
export interface Row {
  readonly group: string
  readonly name: string
  readonly outcome: string
  readonly echo: Echo
}

/** Writes the suite's report: a table in Markdown, for `docs/explanation/security.md`. @returns its text */
export function writeReport(file: string, rest: Echo, rows: readonly Row[]): string {
  const ms = (value: number) => value.toFixed(1)
  const text = [
    `Neighbour at rest: p50 ${ms(rest.p50)} ms, p99 ${ms(rest.p99)} ms (${rest.keystrokes} keystrokes).`,
    '',
    '| group | attack | result | p50 ms | p99 ms | longest ms |',
    '| ---- | ------ | --------------- | ------ | ------ | ---------- |',
    ...rows.map(
      ({ group, name, outcome, echo }) =>
        `| ${group} | ${name} | ${outcome} | ${ms(echo.p50)} | ${ms(echo.p99)} | ${ms(echo.longest)} |`,
    ),
    '',
  ].join('\n')
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  return text
}
