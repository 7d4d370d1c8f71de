import { ApiError } from '../errors.js'
import { RegistryError } from '../registry/error.js'
import { digestOf, referenceOf, repositoryOf } from '../registry/names.js'

/** An image of another registry. */
export interface Remote {
  /** With its port, if it has one of its own. */
  readonly host: string
  readonly repository: string
  /** A tag or a digest. */
  readonly reference: string
}

const hostForm =
  /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:]+\])(?::\d{1,5})?$/

/** The host of a registry. @throws ApiError `invalid_request` */
export function hostOf(text: string): string {
  const host = text.toLowerCase()
  if (host.length <= 255 && hostForm.test(host) && URL.canParse(`https://${host}`)) {
    return new URL(`https://${host}`).host
  }
  throw new ApiError('invalid_request', `${text.slice(0, 100)} is not a host of a registry`)
}

/**
 * `registry.example.org/team/app:1.0`, or with `@sha256:…`; without either, the tag `latest`.
 * @throws ApiError `invalid_request`
 */
export function remoteOf(text: string): Remote {
  const slash = text.indexOf('/')
  const named = text.slice(0, Math.max(0, slash))
  // `team/app` has no host; `localhost/app` does.
  if (slash < 0 || !(/[.:]/.test(named) || named === 'localhost')) {
    const example = 'registry.example.org/team/app:1.0'
    throw new ApiError('invalid_request', `name the image with the host of its registry, such as ${example}`)
  }
  try {
    const host = hostOf(named)
    const [path = '', digest] = text.slice(slash + 1).split('@')
    const colon = path.lastIndexOf(':')
    const repository = repositoryOf(colon < 0 ? path : path.slice(0, colon))
    const tag = colon < 0 ? undefined : path.slice(colon + 1)
    if (tag !== undefined) referenceOf(tag)
    return { host, repository, reference: digest === undefined ? (tag ?? 'latest') : digestOf(digest) }
  } catch (error) {
    throw error instanceof RegistryError ? new ApiError('invalid_request', error.message) : error
  }
}
