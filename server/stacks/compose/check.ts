import type { z } from 'zod'
import { hintOf } from './hints.js'
import { refused } from './refused.js'

/**
 * @param path of what is checked
 * @throws ApiError `invalid_request` with the path of what is wrong, and what to do
 */
export function check<T>(schema: z.ZodType<T>, value: unknown, path = ''): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = deepest(parsed.error.issues)
  const at = pathOf(path, issue.path)
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys
    throw refused(pathOf(at, [key]), hintOf(key))
  }
  throw refused(
    at,
    issue.code === 'invalid_type' && issue.message.startsWith('Invalid input')
      ? `must be ${nameOf(issue.expected)}`
      : issue.message,
  )
}

const nameOf = (type: string) =>
  type === 'object' || type === 'record'
    ? 'a mapping'
    : type === 'array'
      ? 'a list'
      : type === 'string'
        ? 'text'
        : `a ${type}`

/** Of what matches none of several forms, what is wrong with the form that it comes nearest to. */
function deepest(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue {
  const [first] = issues
  if (first === undefined) throw new Error('there is no issue')
  if (first.code !== 'invalid_union') return first
  const inner = first.errors.flatMap((one) =>
    one.length === 0 || (one[0]?.code === 'invalid_type' && one[0].path.length === 0) ? [] : [deepest(one)],
  )
  const [found] = inner
  return found === undefined ? first : { ...found, path: [...first.path, ...found.path] }
}

const pathOf = (base: string, path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (at, key) =>
      typeof key === 'number' ? `${at}[${key}]` : at === '' ? String(key) : `${at}.${String(key)}`,
    base,
  )
