import { maxServerMessageBytes } from '../../protocol/api/index.js'

/** The header of an honest message is some thirty bytes. */
const maxHeaderBytes = 4096
const headerEnd = Buffer.from('\r\n\r\n')

/** A piece of a message: `last` ends it. */
export interface MessagePiece {
  readonly bytes: Buffer
  readonly last: boolean
}

/** What a process wrote that is no message of the Language Server Protocol. */
export class NotAMessage extends Error {
  override readonly name = 'NotAMessage'
}

/**
 * Cuts what a language server writes into messages, each with its length before it. Nothing of a message is kept here:
 * it goes on in pieces, so that a long one needs no memory.
 *
 * @see https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/#baseProtocol
 */
export class MessageReader {
  /** Of a header that is not whole. */
  #header: Buffer = Buffer.alloc(0)
  /** Bytes that the message at hand still needs. */
  #left = 0

  /** Whether a message has begun and is not over. */
  get within(): boolean {
    return this.#left > 0
  }

  /** @throws NotAMessage */
  push(chunk: Buffer): MessagePiece[] {
    const pieces: MessagePiece[] = []
    let rest = chunk
    while (rest.length > 0) {
      if (this.#left > 0) {
        const bytes = rest.subarray(0, this.#left)
        this.#left -= bytes.length
        rest = rest.subarray(bytes.length)
        pieces.push({ bytes, last: this.#left === 0 })
        continue
      }
      const begun = this.#header.length === 0 ? rest : Buffer.concat([this.#header, rest])
      const end = begun.subarray(0, maxHeaderBytes).indexOf(headerEnd)
      if (end < 0) {
        if (begun.length >= maxHeaderBytes || !mayBegin(begun)) throw notAHeader(begun)
        this.#header = Buffer.from(begun)
        break
      }
      this.#left = lengthIn(begun.subarray(0, end))
      this.#header = Buffer.alloc(0)
      rest = begun.subarray(end + headerEnd.length)
    }
    return pieces
  }
}

const names = ['content-length:', 'content-type:']

/** Whether this can be how a header begins: words that a program prints by mistake are told at once. */
function mayBegin(begun: Buffer): boolean {
  const text = begun.subarray(0, 16).toString('latin1').toLowerCase()
  return names.some((name) => name.startsWith(text.slice(0, name.length)))
}

function lengthIn(header: Buffer): number {
  const [, digits] = /^content-length: *(\d{1,15}) *$/im.exec(header.toString('latin1')) ?? []
  if (digits === undefined) throw notAHeader(header)
  const length = Number(digits)
  if (length === 0) throw new NotAMessage('it wrote an empty message')
  if (length > maxServerMessageBytes) {
    throw new NotAMessage(
      `it wrote a message of ${length} bytes; at most ${maxServerMessageBytes} are passed on`,
    )
  }
  return length
}

const notAHeader = (begun: Buffer) =>
  new NotAMessage(
    `it wrote something that is no message of the Language Server Protocol: ${JSON.stringify(begun.subarray(0, 80).toString())}`,
  )
