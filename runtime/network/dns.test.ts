import { describe, expect, it } from 'vitest'
import { rcode, readQuestion, writeAnswer } from './dns.js'

const header = (questions = 1, flags = 0x0100) => {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt16BE(4711, 0)
  bytes.writeUInt16BE(flags, 2)
  bytes.writeUInt16BE(questions, 4)
  return bytes
}
const name = (...labels: string[]) =>
  Buffer.concat([...labels.map((one) => Buffer.from([one.length, ...Buffer.from(one)])), Buffer.alloc(1)])
const addressOf = Buffer.from([0, 1, 0, 1])
const message = (...parts: Buffer[]) => Buffer.concat([header(), ...parts])
const pointer = (offset: number) => Buffer.from([0xc0 | (offset >> 8), offset & 0xff])
const largest = 65_507

describe('a DNS message of a sandbox', () => {
  it('is read when it is one plain question, whatever follows it', () => {
    const plain = message(name('Files', 'example', 'org'), addressOf)
    const wanted = { id: 4711, name: 'files.example.org', address: true, bytes: plain.subarray(12) }
    expect(readQuestion(plain)).toEqual(wanted)
    expect(readQuestion(message(name(...Array(127).fill('a')), addressOf))?.name).toHaveLength(253)
    expect(readQuestion(Buffer.concat([plain, Buffer.alloc(largest - plain.length, 0xc0)]))).toEqual(wanted)
  })

  it.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['a header alone', header()],
    ['a response', Buffer.concat([header(1, 0x8180), name('a'), addressOf])],
    ['no question', Buffer.concat([header(0), name('a'), addressOf])],
    ['65535 questions', Buffer.concat([header(65_535), Buffer.alloc(largest - 12)])],
    ['a name that points at itself', message(pointer(12), addressOf)],
    ['two names that point at each other', message(pointer(14), pointer(12), addressOf)],
    ['a label, and back to it', message(Buffer.from([1, 97]), pointer(12), addressOf)],
    ['a pointer past the end', message(pointer(0x3fff), addressOf)],
    ['a label of 64 bytes', message(Buffer.alloc(65, 64), Buffer.alloc(1), addressOf)],
    ['64 KiB of labels without an end', message(Buffer.alloc(largest - 12, Buffer.from([1, 97])))],
    ['a name of more than 255 bytes', message(name(...Array(128).fill('a')), addressOf)],
    ['64 KiB of pointers', message(Buffer.alloc(largest - 12, pointer(12)))],
  ])('is ignored when it holds %s', (_, bytes) => {
    expect(readQuestion(bytes)).toBeUndefined()
  })

  it('is ignored wherever it is cut', () => {
    const whole = message(name('files', 'example', 'org'), addressOf)
    for (let end = 0; end < whole.length; end++)
      expect(readQuestion(whole.subarray(0, end)), `cut at ${end}`).toBeUndefined()
  })

  it('is answered with its own question and an address for each answer', () => {
    const question = readQuestion(message(name('a'), addressOf))
    if (question === undefined) throw new Error('the question was not read')
    const answer = writeAnswer(question, rcode.noError, ['192.0.2.7', '192.0.2.8'], 60)
    expect(answer.readUInt16BE(0)).toBe(4711)
    expect(answer.readUInt16BE(6)).toBe(2)
    expect(answer.subarray(12, 12 + question.bytes.length)).toEqual(question.bytes)
    expect([...answer.subarray(-4)]).toEqual([192, 0, 2, 8])
  })
})
