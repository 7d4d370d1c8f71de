/** RFC 1035, as much of it as a question for one host name needs. */
export const rcode = { noError: 0, formatError: 1, serverFailure: 2, refused: 5 } as const

const headerBytes = 12
/** With the length bytes of its labels. */
const longestName = 255
const typeA = 1
const classInternet = 1

/** One question of a resolver inside a sandbox. */
export interface Question {
  readonly id: number
  readonly name: string
  /** Whether it asks for IPv4 addresses. */
  readonly address: boolean
  /** The question as it was asked, to be repeated in the answer. */
  readonly bytes: Buffer
}

/** Reads a query. @returns undefined for anything that is not one plain question */
export function readQuestion(message: Buffer): Question | undefined {
  if (message.length < headerBytes + 5) return undefined
  const isQuery = (message.readUInt16BE(2) & 0xf800) === 0
  if (!isQuery || message.readUInt16BE(4) !== 1) return undefined
  const labels: string[] = []
  let at = headerBytes
  for (;;) {
    const length = message[at]
    // A compressed name has no place in the first question.
    if (length === undefined || length > 63 || at + 1 + length > message.length) return undefined
    if (at + 1 + length > headerBytes + longestName) return undefined
    at += 1
    if (length === 0) break
    labels.push(message.toString('latin1', at, at + length))
    at += length
  }
  if (at + 4 > message.length) return undefined
  return {
    id: message.readUInt16BE(0),
    name: labels.join('.').toLowerCase(),
    address: message.readUInt16BE(at) === typeA && message.readUInt16BE(at + 2) === classInternet,
    bytes: message.subarray(headerBytes, at + 4),
  }
}

/** An answer with these IPv4 addresses, all of the name that was asked for: aliases are not shown. */
export function writeAnswer(
  question: Question,
  code: number,
  addresses: readonly string[] = [],
  ttlSeconds = 0,
): Buffer {
  const header = Buffer.alloc(headerBytes)
  header.writeUInt16BE(question.id, 0)
  // A response, recursion desired and available.
  header.writeUInt16BE(0x8180 | code, 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(addresses.length, 6)
  const records = addresses.map((address) => {
    const record = Buffer.alloc(16)
    // The name is the one at offset 12.
    record.writeUInt16BE(0xc000 | headerBytes, 0)
    record.writeUInt16BE(typeA, 2)
    record.writeUInt16BE(classInternet, 4)
    record.writeUInt32BE(ttlSeconds, 6)
    record.writeUInt16BE(4, 10)
    record.set(address.split('.').map(Number), 12)
    return record
  })
  return Buffer.concat([header, question.bytes, ...records])
}
