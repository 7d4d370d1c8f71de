import type { Credentials } from './repository'

/** The address of a repository is at most so long. */
export const repositoryUrlMax = 2048

/** Takes name and password out of an address: git would write them into the repository's configuration. */
export function splitCredentials(typed: string): { url: string; credentials: Credentials | null } {
  const text = typed.trim()
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return { url: text, credentials: null }
  const url = new URL(text)
  if (url.username === '' && url.password === '') return { url: text, credentials: null }
  const decoded = (part: string) => {
    try {
      return decodeURIComponent(part)
    } catch {
      return part
    }
  }
  const credentials = { username: decoded(url.username), password: decoded(url.password) }
  url.username = ''
  url.password = ''
  // A token alone stands where the name does.
  return {
    url: url.href,
    credentials:
      credentials.password === '' ? { username: 'token', password: credentials.username } : credentials,
  }
}
