import type { Plain } from '../../../common/yaml.js'
import { refused } from './refused.js'

/** Of the whole file, when every variable has been put in its place. */
const maxText = 262_144
const pattern = /\$(?:(\$)|([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-+?])([^{}]*))?\}|)/g

/**
 * Puts values in place of `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`, `${NAME:+instead}`,
 * `${NAME+instead}` and `${NAME:?message}` in every text; `$$` is a dollar sign.
 * @throws ApiError `invalid_request` with the path, for one that has no value
 */
export function interpolate(value: Plain, variables: Readonly<Record<string, string>>, path = ''): Plain {
  let room = maxText
  const take = (value: string, at: string): string => {
    // Before they are joined: they may be far too long together.
    room -= value.length
    if (room < 0) {
      throw refused(at, `the values of variables make the file longer than ${maxText / 1024} KiB`)
    }
    return value
  }
  const text = (stated: string, at: string): string => {
    take(stated, at)
    return stated.replaceAll(pattern, (all, dollar, plain, name, operator, word) => {
      if (dollar !== undefined) return '$'
      if (all === '$') throw refused(at, 'has a $ that begins no variable: write $$ for a dollar sign')
      return take(put(plain ?? name, operator, word ?? '', at), at)
    })
  }
  const put = (name: string, operator: string | undefined, word: string, at: string): string => {
    const known = Object.hasOwn(variables, name) ? variables[name] : undefined
    // With a colon an empty value counts as none.
    const given = operator?.startsWith(':') && known === '' ? undefined : known
    if (operator?.endsWith('+')) return given === undefined ? '' : word
    if (given !== undefined) return given
    if (operator?.endsWith('-')) return word
    throw refused(
      at,
      word ||
        `the variable ${name} has no value: give it with the file (\`variables\`), or write $$ for a dollar sign`,
    )
  }
  const walk = (one: Plain, at: string): Plain => {
    if (typeof one === 'string') return text(one, at)
    if (isList(one)) return one.map((item, index) => walk(item, `${at}[${index}]`))
    if (one === null || typeof one !== 'object') return one
    return Object.fromEntries(
      Object.entries(one).map(([key, item]) => {
        const below = at === '' ? key : `${at}.${key}`
        // What begins with x- is nobody's.
        return [key, key.startsWith('x-') ? null : walk(item, below)]
      }),
    )
  }
  return walk(value, path)
}

const isList = (value: Plain): value is readonly Plain[] => Array.isArray(value)
