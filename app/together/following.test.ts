import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Present } from '../lib/protocol'
import { Following } from './following'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Two windows. */
function pair() {
  const people = ['ann', 'gus'].map((id): Present => ({ id, name: id, files: [], mayType: true, since: 0 }))
  const told: string[] = []
  const of = (own: string, other: () => Following) =>
    new Following({
      up: () => true,
      people: () => people,
      tell: (frame) => {
        told.push(`${own} ${frame.kind}`)
        other().hear(own, frame)
      },
    })
  const ann: Following = of('ann', () => gus)
  const gus: Following = of('gus', () => ann)
  return { ann, gus, people, told }
}

it('shows what another window sees, from where it is, until it ends', async () => {
  const { ann, gus, told } = pair()
  ann.shows('/a', 3)
  expect(told).toEqual([])
  gus.follow('ann')
  expect(gus.view.get()).toEqual({ path: '/a', line: 3 })
  ann.shows('/a', 4)
  ann.shows('/b', 1)
  await vi.advanceTimersByTimeAsync(200)
  expect(gus.view.get()).toEqual({ path: '/b', line: 1 })
  expect(told).toEqual(['gus follow', 'ann view', 'ann view'])
  gus.follow(null)
  await vi.advanceTimersByTimeAsync(20_000)
  ann.shows('/c', 1)
  await vi.advanceTimersByTimeAsync(200)
  expect(gus.view.get()).toBeNull()
  expect(told).toHaveLength(3)
  gus.dispose()
})

it('takes nothing from whom it does not follow, and ends when they have gone', async () => {
  const { gus, people } = pair()
  gus.hear('ann', { kind: 'view', to: 'gus', path: '/x', line: 1, bytes: new Uint8Array() })
  expect(gus.view.get()).toBeNull()
  gus.follow('ann')
  people.shift()
  gus.peopleChanged()
  expect(gus.whom.get()).toBeNull()
})
