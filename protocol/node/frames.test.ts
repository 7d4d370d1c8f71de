import { describe, expect, it } from 'vitest'
import { decodeAck, encodeAck, encodeFrame, encodeJsonFrame, FrameDecoder, frameType } from './frames.js'

describe('frames', () => {
  const stream = Buffer.concat([
    encodeFrame(frameType.stdout, Buffer.from([0, 255, 10])),
    encodeFrame(frameType.stderr, Buffer.alloc(0)),
    encodeJsonFrame(frameType.exit, { exitCode: 0 }),
  ])

  it('come out as they went in, wherever the stream is cut', () => {
    for (let cut = 0; cut <= stream.length; cut++) {
      const decoder = new FrameDecoder()
      const frames = [...decoder.push(stream.subarray(0, cut)), ...decoder.push(stream.subarray(cut))]
      expect(frames.map((frame) => frame.type)).toEqual([frameType.stdout, frameType.stderr, frameType.exit])
      expect(frames[0]?.payload).toEqual(Buffer.from([0, 255, 10]))
      expect(frames[2]?.payload.toString()).toBe('{"exitCode":0}')
    }
  })

  it('of a length that no honest peer sends are refused before they are buffered', () => {
    expect(() => new FrameDecoder().push(Buffer.from([1, 255, 255, 255, 255]))).toThrow(RangeError)
  })

  it('come out one by one, however many bytes arrive at a time', () => {
    for (const step of [1, 2, 3, 7]) {
      const decoder = new FrameDecoder()
      const types: number[] = []
      for (let at = 0; at < stream.length; at += step) {
        types.push(...decoder.push(stream.subarray(at, at + step)).map((frame) => frame.type))
      }
      expect(types).toEqual([frameType.stdout, frameType.stderr, frameType.exit])
    }
  })

  it("may be held to a length of the reader's own", () => {
    const decoder = new FrameDecoder(4)
    expect(decoder.push(encodeFrame(frameType.stdin, Buffer.alloc(4)))).toHaveLength(1)
    expect(() => decoder.push(encodeFrame(frameType.stdin, Buffer.alloc(5)))).toThrow(RangeError)
  })

  it('carry acknowledgements beyond 4 GiB of output', () => {
    const [frame] = new FrameDecoder().push(encodeAck(2 ** 40 + 7))
    expect(frame && decodeAck(frame.payload)).toBe(2 ** 40 + 7)
  })
})
