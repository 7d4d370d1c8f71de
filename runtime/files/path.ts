import { RuntimeRefusal } from '../errors.js'

/** Where relative paths start: the home of the user inside. */
const home = '/home/user'

/** The path as the kernel gets it: absolute. `..` and links are the kernel's to resolve. */
export function absolute(path: string): string {
  return path.startsWith('/') ? path : `${home}/${path}`
}

/** A directory and a name in it. */
export interface Place {
  readonly directory: string
  readonly name: string
}

/**
 * Cuts a path before its last name.
 * @throws RuntimeRefusal `invalid_request` when there is none: `/`, `a/..`, `.`
 */
export function place(path: string): Place {
  const bare = absolute(path).replace(/\/+$/, '')
  const cut = bare.lastIndexOf('/')
  const name = bare.slice(cut + 1)
  if (name === '' || name === '.' || name === '..') {
    throw new RuntimeRefusal('invalid_request', `${path} does not end in a name`)
  }
  return { directory: bare.slice(0, cut) || '/', name }
}

/**
 * The name of an archive's entry as steps below the directory it is unpacked into; none for that directory.
 * @throws RuntimeRefusal `invalid_request` for absolute names, `..` and NUL
 */
export function stepsOf(name: string): string[] {
  const steps = name.split('/').filter((step) => step !== '' && step !== '.')
  if (name.startsWith('/') || steps.includes('..') || name.includes('\0')) {
    throw new RuntimeRefusal('invalid_request', `the archive's entry ${JSON.stringify(name)} leads out of it`)
  }
  return steps
}
