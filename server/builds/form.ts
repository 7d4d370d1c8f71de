import type { IncomingMessage } from 'node:http'
import { PassThrough, type Readable } from 'node:stream'
import busboy from '@fastify/busboy'
import { type BuildOptions, buildOptions } from '../../protocol/api/index.js'
import { ApiError } from '../errors.js'

/** Secrets in base64 and arguments, and room for JSON. */
const optionsBytes = 4 * 1024 ** 2

const bad = (what: string) => new ApiError('invalid_request', what)

/**
 * What `POST /templates/{name}/builds` is sent: `options`, which may be absent, and then the `context`, as it arrives. The context
 * ends when the whole form is there and has nothing else; otherwise it is destroyed with an ApiError that says what is wrong.
 */
export function readForm(request: IncomingMessage): Promise<{ options: BuildOptions; context: Readable }> {
  return new Promise((resolve, reject) => {
    const type = request.headers['content-type'] ?? ''
    if (!/^multipart\/form-data\s*;/i.test(type)) {
      reject(bad('the body is a form (multipart/form-data) with options and then context'))
      return
    }
    let options: unknown = {}
    let context: PassThrough | undefined
    const limits = { fieldSize: optionsBytes, fields: 1, files: 1, parts: 2, headerPairs: 20 }
    const form = parserOf(type, limits)
    if (form === undefined) {
      reject(bad('the form has no boundary'))
      return
    }
    const fail = (error: Error) => {
      request.unpipe(form)
      // The next call of the connection comes behind what is left.
      request.resume()
      context?.destroy(error)
      reject(error)
    }
    form.on('field', (name: string, value: string, _: boolean, isCut: boolean) => {
      if (name !== 'options') fail(bad(`the form has no field ${JSON.stringify(name.slice(0, 40))}`))
      else if (context !== undefined)
        fail(
          bad(
            'options come after context in the form: send them before it, since the context is used as it arrives',
          ),
        )
      else if (isCut) fail(bad(`options are larger than ${optionsBytes / 1024 ** 2} MiB`))
      else options = json(value)
    })
    form.on('file', (name: string, file: Readable) => {
      const parsed = buildOptions.safeParse(options)
      if (name !== 'context' || !parsed.success) {
        file.resume()
        fail(bad(parsed.success ? 'the file of the form is called context' : messageOf(parsed.error)))
        return
      }
      context = new PassThrough()
      // Whoever reads it hears of it as well. With nobody there, the error would end the connection in the parser of its calls.
      context.on('error', () => {})
      file.pipe(context, { end: false })
      file.on('error', (error) => context?.destroy(error))
      // Whoever had it needs no more: what still comes is thrown away, for the form is read to its end.
      context.once('close', () => file.resume())
      // A connection that breaks off ends the context in the middle, and not as if that was all.
      request.once('aborted', () => context?.destroy(new Error('the connection broke off')))
      resolve({ options: parsed.data, context })
    })
    for (const more of ['fieldsLimit', 'filesLimit', 'partsLimit'])
      form.on(more, () => fail(bad('the form has more than one options and one context')))
    form.on('error', () => fail(bad('the form is broken')))
    form.on('finish', () => {
      if (context === undefined) fail(bad('the form has no context'))
      else context.end()
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
