import { type Flag, UsageError } from '../command.js'

export const userFlag: Flag = { type: 'string', short: 'u', value: 'NAME', help: 'user (default) or root' }

/** Who a program inside is started as. @throws UsageError */
export function userOf(given: string | undefined): 'user' | 'root' {
  if (given === undefined || given === 'user' || given === 'root') return given ?? 'user'
  throw new UsageError(`--user must be user or root, not ${given}`)
}
