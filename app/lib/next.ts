/**
 * Where to go after signing in: a path of this site, whatever the address says. `//host` and `/\host` would be
 * another site.
 */
export function safeNext(next: string | null | undefined): string {
  if (!next || !/^\/(?![/\\])/.test(next)) return '/sandboxes'
  const url = new URL(next, 'http://here.invalid')
  return url.host === 'here.invalid' ? `${url.pathname}${url.search}${url.hash}` : '/sandboxes'
}

export function signInPath(next: string): string {
  return `/sign-in?next=${encodeURIComponent(next)}`
}
