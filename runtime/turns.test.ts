import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Turns } from './turns.js'

describe('turns', () => {
  it('go round by tenant, and none has more places than it may', async () => {
    const turns = new Turns(3, 2)
    const order: string[] = []
    const places = new Map<string, Disposable>()
    const take = (name: string) =>
      turns.take(name.charAt(0)).then((place) => {
        order.push(name)
        places.set(name, place)
      })
    const all = ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1'].map(take)
    const give = async (name: string) => {
      await setImmediate()
      places.get(name)?.[Symbol.dispose]()
      await setImmediate()
    }
    await setImmediate()
    expect(order).toEqual(['a1', 'a2', 'b1'])
    await give('a1')
    expect(order.slice(3)).toEqual(['a3'])
    await give('a2')
    expect(order.slice(4)).toEqual(['b2'])
    await give('b1')
    expect(order.slice(5)).toEqual(['c1'])
    await give('b2')
    await Promise.all(all)
    expect(order.slice(6)).toEqual(['a4'])
    for (const name of ['a3', 'a4', 'c1']) places.get(name)?.[Symbol.dispose]()
    const again = await Promise.all([turns.take('d'), turns.take('d'), turns.take('e')])
    expect(again).toHaveLength(3)
  })
})
