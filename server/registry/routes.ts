import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { piecesOf } from '../../common/body.js'
import type { Principal, Principals } from '../auth/principal.js'
import type { AccessWatch } from '../auth/watch.js'
import type { ApiError } from '../errors.js'
import { asApiError } from '../http/problem.js'
import type { Blobs } from './blobs.js'
import type { Upload } from './counting.js'
import { RegistryError } from './error.js'
import { type Manifests, manifestBytesMax, referrersPage } from './manifests.js'
import { digestOf, isDigest, repositoryOf } from './names.js'

/** Of a list when nobody says how many, and at most. */
const pageMax = 1000

interface Parts {
  readonly principals: Principals
  readonly watch: AccessWatch
  readonly blobs: Blobs
  readonly manifests: Manifests
}

/** One call, taken apart. */
interface Call {
  readonly who: Principal
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly query: URLSearchParams
}

/**
 * `/v2/`: a registry by the OCI distribution specification, with the repositories of the tenant that the key is of.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md
 */
export function registryRoutes(app: FastifyInstance, parts: Parts): void {
  app.decorateRequest('principal')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_, payload, done) => done(null, payload))
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply))
  app.addHook('onRequest', async (request, reply) => {
    reply.header('docker-distribution-api-version', 'registry/2.0').header('cache-control', 'no-store')
    request.principal = await parts.principals.identify(withKey(request))
  })
  parts.watch.watchCalls(app)
  app.route({
    method: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    url: '/v2/*',
    bodyLimit: Number.MAX_SAFE_INTEGER,
    schema: { hide: true },
    handler: async (request, reply) => {
      const url = new URL(request.url, 'http://registry')
      const call = { who: request.principal, request, reply, query: url.searchParams }
      return answer(parts, call, decodeURIComponent(url.pathname.slice('/v2/'.length)))
    },
  })
}

/** The key alone, however it is sent: a cookie is nothing to a registry. */
function withKey({ raw: { headers, rawHeaders } }: FastifyRequest) {
  const { authorization } = headers
  const basic = /^Basic\s+(\S+)$/i.exec(authorization ?? '')?.[1]
  if (basic === undefined)
    return { headers: authorization === undefined ? {} : { authorization }, rawHeaders }
  const text = Buffer.from(basic, 'base64').toString()
  const key = text.slice(text.indexOf(':') + 1).replaceAll(/\s/g, '')
  return { headers: key === '' ? {} : { authorization: `Bearer ${key}` }, rawHeaders }
}

async function answer(parts: Parts, call: Call, path: string): Promise<unknown> {
  const { method, url } = call.request
  // PostgreSQL has no text with it.
  if (url.includes('%00')) throw new RegistryError('NAME_INVALID', 'there is no such name')
  const reads = method === 'GET' || method === 'HEAD'
  if (path === '' && reads) return call.reply.send({})
  if (path === '_catalog' && reads) return listed(call, 'repositories', await catalog(parts, call))
  const found = /^(.+)\/(tags|manifests|blobs|referrers)\/([^/]*)(?:\/([^/]*))?$/.exec(path)
  if (found === null) throw new RegistryError('NAME_UNKNOWN', 'there is nothing here')
  const [, name = '', kind = '', one = '', two] = found
  const repository = repositoryOf(name)
  if (kind === 'blobs' && one === 'uploads' && two !== undefined) {
    return two === '' ? begun(parts, call, repository) : continued(parts, call, repository, two)
  }
  if (two !== undefined) throw new RegistryError('NAME_UNKNOWN', 'there is nothing here')
  if (kind === 'blobs' && one === 'uploads' && method === 'POST') return begun(parts, call, repository)
  if (kind === 'tags' && one === 'list' && reads) {
    const page = pageOf(call.query)
    return listed(call, 'tags', await parts.manifests.tags(call.who, repository, page), { name: repository })
  }
  if (kind === 'referrers' && reads) return referrers(parts, call, repository, one)
  if (kind === 'manifests') return manifest(parts, call, repository, one)
  if (kind === 'blobs') return blob(parts, call, repository, digestOf(one))
  throw new RegistryError('UNSUPPORTED', `${method} is not done here`)
}

const catalog = ({ manifests }: Parts, { who, query }: Call) => manifests.catalog(who, pageOf(query))

function pageOf(query: URLSearchParams): { n: number; last: string } {
  const n = Number(query.get('n') ?? pageMax)
  const last = query.get('last') ?? ''
  return { n: Number.isInteger(n) && n >= 0 ? Math.min(n, pageMax) : pageMax, last }
}

/** One page, with a link to the next one while there may be one. */
function listed(
  { request, reply, query }: Call,
  what: string,
  items: readonly string[],
  more: object = {},
): FastifyReply {
  const { n } = pageOf(query)
  const last = items.at(-1)
  if (last !== undefined && items.length === n) {
    const { pathname } = new URL(request.url, 'http://registry')
    reply.header('link', `<${pathname}?${new URLSearchParams({ n: String(n), last })}>; rel="next"`)
  }
  return reply.send({ ...more, [what]: items })
}

async function referrers({ manifests }: Parts, call: Call, repository: string, digest: string) {
  const artifactType = call.query.get('artifactType')
  const { last } = pageOf(call.query)
  const index = await manifests.referrers(call.who, repository, digestOf(digest), { artifactType, last })
  const next = index.manifests.length === referrersPage ? index.manifests.at(-1) : undefined
  if (next !== undefined) {
    const query = new URLSearchParams({
      ...{ last: next.digest },
      ...(artifactType === null ? {} : { artifactType }),
    })
    call.reply.header('link', `</v2/${repository}/referrers/${digest}?${query}>; rel="next"`)
  }
  if (artifactType !== null) call.reply.header('oci-filters-applied', 'artifactType')
  return call.reply.type(index.mediaType).serializer(JSON.stringify).send(index)
}

async function manifest({ manifests }: Parts, call: Call, repository: string, reference: string) {
  const { who, request, reply } = call
  switch (request.method) {
    case 'GET':
    case 'HEAD': {
      const { digest, mediaType, content } = await manifests.get(who, repository, reference)
      reply.headers({
        'docker-content-digest': digest,
        etag: `"${digest}"`,
        'content-length': content.length,
      })
      if (request.method === 'GET') return reply.type(mediaType).send(Buffer.from(content))
      // With nothing to send fastify would add a character set to what looks like JSON.
      reply.hijack()
      for (const [name, value] of Object.entries(reply.getHeaders())) {
        if (value !== undefined) reply.raw.setHeader(name, value)
      }
      reply.raw.writeHead(200, { 'content-type': mediaType }).end()
      return reply
    }
    case 'PUT': {
      const content = await whole(bodyOf(request))
      const mediaType = (request.headers['content-type'] ?? '').split(';')[0]?.trim() ?? ''
      const { digest, subject } = await manifests.put(who, repository, reference, mediaType, content)
      if (subject !== undefined) reply.header('oci-subject', subject)
      reply.headers({ location: `/v2/${repository}/manifests/${digest}`, 'docker-content-digest': digest })
      return reply.code(201).send()
    }
    case 'DELETE':
      await manifests.delete(who, repository, reference)
      return reply.code(202).send()
    default:
      throw new RegistryError('UNSUPPORTED', `${request.method} is not done here`)
  }
}

async function blob({ blobs }: Parts, { who, request, reply }: Call, repository: string, digest: string) {
  switch (request.method) {
    case 'HEAD': {
      const { sizeBytes } = await blobs.stat(who, repository, digest)
      reply.headers({
        'docker-content-digest': digest,
        'content-length': sizeBytes,
        'accept-ranges': 'bytes',
      })
      return reply.type('application/octet-stream').send(null)
    }
    case 'GET': {
      const content = await blobs.read(who, repository, digest, request.headers.range)
      for (const name of ['content-length', 'content-range']) {
        const value = content.headers[name]
        if (value !== undefined) reply.header(name, value)
      }
      reply.headers({
        ...{ 'docker-content-digest': digest, 'accept-ranges': 'bytes', 'content-disposition': 'attachment' },
        'content-security-policy': "default-src 'none'; sandbox",
      })
      return reply.code(content.status).type('application/octet-stream').send(content)
    }
    case 'DELETE':
      await blobs.delete(who, repository, digest)
      return reply.code(202).send()
    default:
      throw new RegistryError('UNSUPPORTED', `${request.method} is not done here`)
  }
}

/** `POST …/blobs/uploads/`: an upload, all of it, or a blob of another repository. */
async function begun({ blobs }: Parts, { who, request, reply, query }: Call, repository: string) {
  if (request.method !== 'POST') throw new RegistryError('UNSUPPORTED', `${request.method} is not done here`)
  const [mount, from, digest] = [query.get('mount'), query.get('from'), query.get('digest')]
  if (mount !== null && from !== null) {
    const wanted = digestOf(mount)
    if (await blobs.mount(who, repository, wanted, repositoryOf(from)))
      return created(reply, repository, wanted)
  }
  if (digest !== null) digestOf(digest)
  const upload = await blobs.begin(who, repository)
  if (digest === null) return accepted(reply, upload, 0).code(202).send()
  await blobs.append(who, upload, 0, bodyOf(request))
  await blobs.finish(who, upload, digest)
  return created(reply, repository, digest)
}

async function continued({ blobs }: Parts, call: Call, repository: string, id: string) {
  const { who, request, reply, query } = call
  const upload = await blobs.upload(who, repository, id)
  switch (request.method) {
    case 'GET':
      return accepted(reply, upload, await blobs.sizeOf(upload))
        .code(204)
        .send()
    case 'PATCH': {
      const sizeBytes = await append(blobs, call, upload)
      return accepted(reply, upload, sizeBytes).code(202).send()
    }
    case 'PUT': {
      const digest = await digestAtEnd(blobs, upload, query.get('digest') ?? '')
      if (hasBody(request)) await append(blobs, call, upload)
      await blobs.finish(who, upload, digest)
      return created(reply, repository, digest)
    }
    case 'DELETE':
      await blobs.cancel(upload)
      return reply.code(204).send()
    default:
      throw new RegistryError('UNSUPPORTED', `${request.method} is not done here`)
  }
}

/** An upload that ends with a digest of another kind is over, as one that has another digest than it says. */
async function digestAtEnd(blobs: Blobs, upload: Upload, digest: string): Promise<string> {
  if (!isDigest(digest)) await blobs.cancel(upload)
  return digestOf(digest)
}

/** A part, where its `Content-Range` says; without one at the end. */
async function append(blobs: Blobs, { who, request, reply }: Call, upload: Upload): Promise<number> {
  const has = await blobs.sizeOf(upload)
  const range = /^(?:bytes[ =])?(\d+)-(\d+)/.exec(request.headers['content-range'] ?? '')
  const length = Number(request.headers['content-length'] ?? Number.NaN)
  if (range !== null) {
    const [first, last] = [Number(range[1]), Number(range[2])]
    if (first !== has) {
      accepted(reply, upload, has)
      throw new RegistryError('RANGE_INVALID', `the upload has ${has} bytes, and these begin at ${first}`)
    }
    if (!Number.isNaN(length) && last - first + 1 !== length) {
      throw new RegistryError('SIZE_INVALID', 'Content-Range and Content-Length do not agree')
    }
  }
  return blobs.append(who, upload, has, bodyOf(request))
}

function accepted(reply: FastifyReply, { id, repository }: Upload, sizeBytes: number): FastifyReply {
  return reply.headers({
    location: `/v2/${repository}/blobs/uploads/${id}`,
    range: `0-${Math.max(0, sizeBytes - 1)}`,
    'docker-upload-uuid': id,
  })
}

function created(reply: FastifyReply, repository: string, digest: string): FastifyReply {
  reply.headers({ location: `/v2/${repository}/blobs/${digest}`, 'docker-content-digest': digest })
  return reply.code(201).send()
}

const bodyOf = ({ body }: FastifyRequest): Readable => (body instanceof Readable ? body : Readable.from([]))
const hasBody = ({ headers }: FastifyRequest) =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

async function whole(body: Readable): Promise<Buffer> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of piecesOf(body)) {
    bytes += part.length
    if (bytes > manifestBytesMax) {
      throw new RegistryError('MANIFEST_INVALID', `a manifest has at most ${manifestBytesMax} bytes`)
    }
    parts.push(part)
  }
  return Buffer.concat(parts)
}

/** The errors of the API in the words of the registry's specification. */
function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const told = error instanceof RegistryError ? error : ofApi(asApiError(error))
  if (told.code === 'UNKNOWN') request.log.error({ err: error }, 'a call of the registry failed')
  reply.headers({ ...told.headers, 'content-type': 'application/json' })
  reply.removeHeader('content-length')
  const body = { errors: [{ code: told.code, message: told.message, detail: null }] }
  return reply.code(told.status).serializer(JSON.stringify).send(body)
}

function ofApi({ code, message, retryAfterSeconds }: ApiError): RegistryError {
  const after = retryAfterSeconds === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterSeconds)) }
  const challenge = { 'www-authenticate': 'Basic realm="Cloche", charset="UTF-8"' }
  if (code === 'unauthenticated') {
    const how = 'send an API key as the password, with any user name'
    return new RegistryError('UNAUTHORIZED', `${message}; ${how}`, challenge)
  }
  if (code === 'forbidden' || code === 'quota_exceeded' || code === 'disk_full') {
    return new RegistryError('DENIED', message)
  }
  if (code === 'offset_mismatch' || code === 'range_not_satisfiable') {
    return new RegistryError('RANGE_INVALID', message)
  }
  if (code === 'not_found') return new RegistryError('BLOB_UPLOAD_UNKNOWN', message)
  if (code === 'conflict' || code === 'rate_limited') {
    return new RegistryError('TOOMANYREQUESTS', message, after)
  }
  if (code === 'invalid_request') return new RegistryError('UNSUPPORTED', message)
  if (code === 'internal') return new RegistryError('UNKNOWN', message)
  return new RegistryError('UNAVAILABLE', message, after)
}
