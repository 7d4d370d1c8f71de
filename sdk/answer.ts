import { UnexpectedAnswer } from './errors.js'

/** The bytes of an answer that has some. @throws UnexpectedAnswer */
export function bodyOf(response: Response): ReadableStream<Uint8Array> {
  if (response.body !== null) return response.body
  throw new UnexpectedAnswer('unexpected_answer', `${response.url} answered without a body`)
}
