import { Failure, UsageError } from '../command.js'

/** What an operand such as `lab:notes.txt` or `./notes.txt` names. */
export type Place =
  | { readonly kind: 'local'; readonly path: string }
  | { readonly kind: 'sandbox'; readonly sandbox: string; readonly path: string }

export function placeOf(word = ''): Place {
  const [, sandbox, path] = word.match(/^([^/:.][^/:]*):(.*)$/s) ?? []
  return sandbox === undefined || path === undefined
    ? { kind: 'local', path: word }
    : { kind: 'sandbox', sandbox, path: path === '' ? '.' : path }
}

/** @throws UsageError unless the word names a path in a sandbox */
export function placeInside(word: string | undefined): { sandbox: string; path: string } {
  const place = placeOf(word)
  if (place.kind === 'sandbox') return place
  throw new UsageError(`specify a path in a sandbox as SANDBOX:PATH${word ? `, not ${word}` : ''}`)
}

/** A local file that cannot be read or written is for the user to put right. @throws always */
export function sayLocalTrouble(error: unknown): never {
  const local = [error, error instanceof Error ? error.cause : undefined].find(
    (one) => one instanceof Error && 'syscall' in one && 'path' in one,
  )
  throw local instanceof Error ? new Failure(local.message) : error
}
