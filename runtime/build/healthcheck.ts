import { durationSeconds } from '../../common/duration.js'
import { type Healthcheck, healthcheck } from '../../protocol/api/index.js'
import type { Instruction } from './dockerfile.js'
import { badBuild } from './error.js'

const times: Readonly<Record<string, 'intervalSeconds' | 'timeoutSeconds' | 'startPeriodSeconds'>> = {
  interval: 'intervalSeconds',
  timeout: 'timeoutSeconds',
  'start-period': 'startPeriodSeconds',
}

/**
 * What `HEALTHCHECK` says.
 * @param command the words of a command, in either of its forms
 * @throws RuntimeRefusal `invalid_request` with the line
 */
export function healthcheckIn(
  { text, flags, line }: Instruction,
  command: (text: string) => readonly string[],
): Healthcheck | null {
  const [, kind = '', rest = ''] = /^(\S+)\s*([\s\S]*)$/.exec(text) ?? []
  if (kind.toUpperCase() === 'NONE' && rest === '') return null
  if (kind.toUpperCase() !== 'CMD' || rest === '')
    throw badBuild('HEALTHCHECK takes CMD and a command, or NONE', line)
  const stated: Record<string, unknown> = { test: command(rest) }
  for (const { name, value } of flags) {
    const key = times[name]
    if (key !== undefined) stated[key] = durationSeconds(value)
    else if (name === 'retries') stated.retries = Number(value)
    // That there are more looks at the beginning is so anyway.
    else if (name !== 'start-interval') throw badBuild(`HEALTHCHECK has no option --${name}`, line)
    if (key !== undefined && stated[key] === undefined)
      throw badBuild(
        `--${name} takes a time such as 30s or 1m30s, not ${JSON.stringify(value.slice(0, 80))}`,
        line,
      )
  }
  const parsed = healthcheck.safeParse(stated)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw badBuild(`HEALTHCHECK: ${issue?.path.join('.')}: ${issue?.message}`, line)
}
