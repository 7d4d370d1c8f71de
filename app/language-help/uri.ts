/** A path of the API as language servers write it. */
export function uriOf(path: string): string {
  if (path.startsWith('file:')) return path
  return `file://${path.split('/').map(encodeURIComponent).join('/')}`
}

/** The path of a file by its URI, as the API writes it; null for what is no file. */
export function pathOf(uri: string): string | null {
  const [, encoded] = /^file:\/\/(?:localhost)?(\/[^?#]*)$/.exec(uri) ?? []
  if (encoded === undefined) return null
  try {
    return decodeURIComponent(encoded)
  } catch {
    return uri // A name that is not UTF-8.
  }
}
