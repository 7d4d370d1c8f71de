import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import busboy from '@fastify/busboy'
import { type BuildOptions, buildOptions } from '../../protocol/api/index.js'
import { ApiError } from '../errors.js'

/** Secrets in base64 and arguments, and room for JSON. */
const optionsBytes = 4 * 1024 ** 2

const bad = (what: string) => new ApiError('invalid_request', what)

/** What `POST /templates/{name}/builds` is sent: `options`, which may be absent, and then the `context`, as it arrives. */
export function readForm(request: IncomingMessage): Promise<{ options: BuildOptions; context: Readable }> {
  return new Promise((resolve, reject) => {
    const type = request.headers['content-type'] ?? ''
    if (!/^multipart\/form-data\s*;/i.test(type)) {
      reject(bad('the body is a form (multipart/form-data) with options and then context'))
      return
    }
    let options: unknown = {}
    let found = false
    const limits = { fieldSize: optionsBytes, fields: 1, files: 1, parts: 2, headerPairs: 20 }
    const form = parserOf(type, limits)
    if (form === undefined) {
      reject(bad('the form has no boundary'))
      return
    }
    const fail = (error: Error) => {
      request.unpipe(form)
      request.resume()
      reject(error)
    }
    form.on('field', (name: string, value: string, _: boolean, isCut: boolean) => {
      if (name !== 'options') fail(bad(`the form has no field ${JSON.stringify(name.slice(0, 40))}`))
      else if (isCut) fail(bad(`options are larger than ${optionsBytes / 1024 ** 2} MiB`))
      else options = json(value)
    })
    form.on('file', (name: string, context: Readable) => {
      const parsed = buildOptions.safeParse(options)
      if (name !== 'context' || !parsed.success) {
        context.resume()
        fail(bad(parsed.success ? 'the file of the form is called context' : messageOf(parsed.error)))
        return
      }
      found = true
      // A connection that breaks off ends the context in the middle, and not as if that was all.
      request.once('aborted', () => context.destroy(new Error('the connection broke off')))
      form.once('error', (error) =>
        context.destroy(error instanceof Error ? error : new Error('the form is broken')),
      )
      resolve({ options: parsed.data, context })
    })
    form.on('error', () => fail(bad('the form is broken')))
    form.on('finish', () => {
      if (!found) fail(bad('the form has no context'))
    })
    request.pipe(form)
  })
}

function parserOf(type: string, limits: object) {
  try {
    return busboy({ headers: { 'content-type': type }, limits })
  } catch {
    return undefined
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const messageOf = (error: { readonly issues: readonly { path: PropertyKey[]; message: string }[] }) =>
  `options: ${error.issues.map(({ path, message }) => `${path.map(String).join('.')} ${message}`.trim()).join('; ')}`
