/** Where a workspace's tree begins. */
export const homePath = '/home/user'

const encoder = new TextEncoder()
/** What Linux allows one name. */
const nameBytesMax = 255

/** A name in a directory. The API writes paths that are not UTF-8 as URIs, and what is below them as well. */
export function joinPath(directory: string, name: string): string {
  return `${directory}/${directory.startsWith('file:') ? encodeURIComponent(name) : name}`
}

/** The last name of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The directory that a path is in, as it may be written: one that is UTF-8 can hold a name that is not. */
export function parentsOf(path: string): string[] {
  const parent = path.slice(0, path.lastIndexOf('/'))
  if (!parent.startsWith('file:///')) return [parent]
  try {
    return [parent, decodeURIComponent(parent.slice('file://'.length))]
  } catch {
    return [parent]
  }
}

/** Where an entry is once it is in another directory: a URI where the name of either is not UTF-8. */
export function placedIn(directory: string, path: string): string {
  if (!path.startsWith('file:')) return joinPath(directory, nameOf(path))
  const encoded = directory.split('/').map(encodeURIComponent).join('/')
  return `${directory.startsWith('file:') ? directory : `file://${encoded}`}/${nameOf(path)}`
}

/** A path that is not taken yet: `/a.txt`, `/a 2.txt`, `/a 3.txt`. */
export function freeName(path: string, taken: ReadonlySet<string>): string {
  const start = path.lastIndexOf('/') + 1
  const dot = path.lastIndexOf('.')
  const at = dot > start ? dot : path.length
  const space = path.startsWith('file:') ? '%20' : ' '
  for (let number = 2, free = path; ; number++) {
    if (!taken.has(free)) return free
    free = `${path.slice(0, at)}${space}${number}${path.slice(at)}`
  }
}

/** From a directory; as it is when it is not below it. */
export function relativePath(path: string, directory: string): string {
  return path.startsWith(`${directory}/`) ? path.slice(directory.length + 1) : path
}

/** `path` is `top`, or below it. */
export function isWithin(path: string, top: string): boolean {
  return path === top || path.startsWith(`${top}/`)
}

/** Where `path` is after `from` was renamed to `to`. */
export function movedPath(path: string, from: string, to: string): string {
  return isWithin(path, from) ? to + path.slice(from.length) : path
}

/** Why a new file cannot have this name; null when it can. */
export function nameProblem(name: string): 'empty' | 'slash' | 'dots' | 'long' | null {
  if (name === '') return 'empty'
  if (name.includes('/') || name.includes('\0')) return 'slash'
  if (name === '.' || name === '..') return 'dots'
  return encoder.encode(name).length > nameBytesMax ? 'long' : null
}
