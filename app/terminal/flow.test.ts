import { describe, expect, it } from 'vitest'
import { ackEveryBytes } from '../lib/protocol'
import { Flow } from './flow'

const bytes = (...values: number[]) => Uint8Array.from(values)

describe("a terminal's output", () => {
  it('is taken once, however it is sent again', () => {
    const flow = new Flow()
    expect(flow.take(0, bytes(1, 2, 3))).toEqual({ kind: 'new', bytes: bytes(1, 2, 3), end: 3 })
    expect(flow.take(0, bytes(1, 2))).toEqual({ kind: 'known' })
    expect(flow.take(1, bytes(2, 3, 4))).toEqual({ kind: 'new', bytes: bytes(4), end: 4 })
    expect(flow.received).toBe(4)
  })

  it('with a hole in it is noticed, and not drawn', () => {
    const flow = new Flow()
    flow.restart(10)
    expect(flow.take(11, bytes(1))).toEqual({ kind: 'gap' })
    expect(flow.received).toBe(10)
  })

  it('is acknowledged when it is drawn, not when it came', () => {
    const flow = new Flow()
    flow.take(0, new Uint8Array(ackEveryBytes))
    expect(flow.acknowledge()).toBeNull()
    expect(flow.drew(100, flow.epoch)).toBe(false)
    expect(flow.drew(ackEveryBytes, flow.epoch)).toBe(true)
    expect(flow.acknowledge()).toBe(ackEveryBytes)
    expect(flow.acknowledge()).toBeNull()
  })

  it('is acknowledged again to a server that has forgotten', () => {
    const flow = new Flow()
    flow.take(0, bytes(1, 2))
    flow.drew(2, flow.epoch)
    expect(flow.acknowledge()).toBe(2)
    flow.reattached()
    expect(flow.acknowledge()).toBe(2)
  })

  it('from before a new screen says nothing of what comes after it', () => {
    const flow = new Flow()
    flow.take(0, bytes(1, 2, 3))
    const before = flow.epoch
    flow.restart(1)
    flow.drew(3, before)
    expect(flow.acknowledge()).toBeNull()
  })
})
