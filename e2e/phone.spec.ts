import type { Page } from '@playwright/test'
import { everyPage } from './every-page.js'
import { expectFits } from './fits.js'
import { expect, test } from './test.js'

test.use({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true })

test('on a phone every page fits, and the keys that its keyboard lacks are there', async ({
  annPage: page,
  terminal,
  sandbox,
  ann,
}) => {
  await ann.call('POST', '/api/v1/keys', { name: 'a key with a rather long name' })
  for (const { path } of everyPage) {
    await page.goto(path)
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
    await expectFits(page, path)
  }
  await page.goto('/settings')
  await page.getByRole('button', { name: 'Menu' }).tap()
  await page.getByRole('link', { name: 'Sandboxes' }).last().tap()
  await page.getByRole('link', { name: sandbox.name }).tap()
  await terminal.prompt()

  const keys = page.getByRole('toolbar', { name: 'Extra keys' })
  await terminal.type('sleep 1000\n')
  await keys.getByRole('button', { name: 'Control for the next key' }).tap()
  await page.keyboard.type('c')
  await terminal.sees(/\^C/)
  await terminal.prompt()
  await terminal.type('echo fir')
  await keys.getByRole('button', { name: 'Left' }).tap()
  await page.keyboard.type('X\n')
  await terminal.sees(/^fiXr$/m)
  await terminal.type('cat -v\n')
  await keys.getByRole('button', { name: 'Escape' }).tap()
  await page.keyboard.type('\n')
  await terminal.sees(/^\^\[$/m)

  await page.keyboard.press('Control+d')
  await terminal.prompt()
  await terminal.run('seq 200', /^200$/m)
  await drag(page, 200, 500)
  await terminal.sees(/^165$/m)
  expect(await terminal.text()).not.toMatch(/^200$/m)
})

/** One finger down the middle of the screen. */
async function drag(page: Page, fromY: number, toY: number): Promise<void> {
  const devtools = await page.context().newCDPSession(page)
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', y: number) =>
    devtools.send('Input.dispatchTouchEvent', {
      type,
      touchPoints: type === 'touchEnd' ? [] : [{ x: 180, y }],
    })
  await touch('touchStart', fromY)
  for (let y = fromY; y <= toY; y += 20) await touch('touchMove', y)
  await touch('touchEnd', toY)
}
