import { RegistryError } from './error.js'

const repository = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/
const tag = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/
const digest = /^sha256:[0-9a-f]{64}$/
const maxName = 255

export const isDigest = (text: string): boolean => digest.test(text)

/** @throws RegistryError `NAME_INVALID` */
export function repositoryOf(name: string): string {
  if (name.length <= maxName && repository.test(name)) return name
  throw new RegistryError('NAME_INVALID', `${name.slice(0, 100)} is not the name of a repository`)
}

/** @throws RegistryError `DIGEST_INVALID` */
export function digestOf(text: string): string {
  if (isDigest(text)) return text
  throw new RegistryError('DIGEST_INVALID', `${text.slice(0, 100)} is not a SHA-256 digest`)
}

/** A tag or a digest. @throws RegistryError `MANIFEST_INVALID` */
export function referenceOf(text: string): { tag: string } | { digest: string } {
  if (text.includes(':')) return { digest: digestOf(text) }
  if (tag.test(text)) return { tag: text }
  throw new RegistryError('MANIFEST_INVALID', `${text.slice(0, 100)} is not a tag`)
}

/** `app:1.0`, `app@sha256:…`, or `app`, which is `app:latest`. @throws RegistryError */
export function imageOf(text: string): { repository: string; reference: string } {
  const at = text.indexOf('@')
  if (at >= 0) return { repository: repositoryOf(text.slice(0, at)), reference: digestOf(text.slice(at + 1)) }
  const colon = text.lastIndexOf(':')
  if (colon < 0) return { repository: repositoryOf(text), reference: 'latest' }
  const reference = text.slice(colon + 1)
  referenceOf(reference)
  return { repository: repositoryOf(text.slice(0, colon)), reference }
}
