import { describe, expect, it } from 'vitest'
import { FairQueue } from './queue.js'

const fill = (queue: FairQueue, tenantId: string, count: number, limit = 10) => {
  for (let at = 0; at < count; at++) queue.add({ id: `${tenantId}${at}`, tenantId }, limit)
}
const drain = (queue: FairQueue, turns: number) =>
  Array.from({ length: turns }, () => {
    const one = queue.next()
    if (one !== undefined) queue.release(one.tenantId)
    return one?.id
  })

describe('the queue', () => {
  it('takes the runs of one tenant in order', () => {
    const queue = new FairQueue(1)
    fill(queue, 'a', 3)
    expect(drain(queue, 4)).toEqual(['a0', 'a1', 'a2', undefined])
  })

  it('serves the first run of a tenant next, however many another has posted before', () => {
    const queue = new FairQueue(1)
    fill(queue, 'a', 10_000)
    expect(drain(queue, 2)).toEqual(['a0', 'a1'])
    fill(queue, 'b', 2)
    expect(drain(queue, 4)).toEqual(['b0', 'a2', 'b1', 'a3'])
  })

  it('holds a tenant to its own bound, and all of them to the places there are', () => {
    const queue = new FairQueue(3)
    fill(queue, 'a', 5, 2)
    fill(queue, 'b', 5, 2)
    expect([queue.next()?.tenantId, queue.next()?.tenantId, queue.next()?.tenantId]).toEqual(['a', 'b', 'a'])
    expect(queue.next()).toBeUndefined()
    queue.release('a')
    expect(queue.next()?.tenantId).toBe('b')
    expect(queue.next()).toBeUndefined()
    queue.release('b')
    expect(queue.next()?.tenantId).toBe('a')
  })

  it('seats a newcomer at once where there is room, but not before its own tenant’s others', () => {
    const queue = new FairQueue(2)
    expect(queue.tryAcquire('a', 1)).toBe(true)
    expect(queue.tryAcquire('a', 1)).toBe(false)
    fill(queue, 'a', 1, 1)
    queue.release('a')
    expect(queue.tryAcquire('a', 1)).toBe(false)
    expect(queue.next()?.id).toBe('a0')
    expect(queue.tryAcquire('b', 1)).toBe(true)
    expect(queue.tryAcquire('c', 1)).toBe(false)
  })

  it('forgets what was canceled', () => {
    const queue = new FairQueue(1)
    fill(queue, 'a', 2)
    expect(queue.remove({ id: 'a0', tenantId: 'a' })).toBe(true)
    expect(queue.remove({ id: 'a0', tenantId: 'a' })).toBe(false)
    expect(queue.waiting).toBe(1)
    expect(drain(queue, 2)).toEqual(['a1', undefined])
  })
})
