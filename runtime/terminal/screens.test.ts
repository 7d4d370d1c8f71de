import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { UndrawableScreen } from './drawing-thread.js'
import { Screens } from './screens.js'

/** A thread that never comes back from a screen of 13 columns, dies of one of 14, and else tells the size. */
const faulty = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { readlinkSync } from 'node:fs'
    import { parentPort } from 'node:worker_threads'
    parentPort.postMessage({ thread: readlinkSync('/proc/thread-self') })
    parentPort.on('message', ({ size }) => {
      if (size.cols === 13) for (;;) {}
      if (size.cols === 14) throw new Error('dead')
      parentPort.postMessage({ screen: new Uint8Array([size.cols]) })
    })`)}`,
)

describe('the thread that draws screens', () => {
  it('is given up when one takes too much of it, and draws the others all the same', async () => {
    const screens = new Screens(faulty, pino({ enabled: false }))
    const draw = (cols: number, urgent = true) => screens.draw({ cols, rows: 5 }, [], urgent)
    const endless = draw(13)
    const deadly = draw(14, false)
    const [good, later] = [draw(20), draw(30, false)]
    await expect(endless).rejects.toThrow(UndrawableScreen)
    await expect(deadly).rejects.toThrow('dead')
    expect([...(await good)]).toEqual([20])
    expect([...(await later)]).toEqual([30])
  })

  it('draws first what somebody waits for', async () => {
    const screens = new Screens(faulty, pino({ enabled: false }))
    const order: number[] = []
    const draw = async (cols: number, urgent: boolean) => {
      order.push((await screens.draw({ cols, rows: 5 }, [], urgent))[0] ?? 0)
    }
    await Promise.all([draw(1, false), draw(2, false), draw(3, true), draw(4, false)])
    expect(order).toEqual([1, 3, 2, 4])
  })
})
