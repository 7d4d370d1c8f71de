import type { Page } from '@playwright/test'
import { everyPage } from './every-page.js'
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
    const width = await page.evaluate(() => document.documentElement.scrollWidth)
    expect(width, `${path} scrolls sideways`).toBeLessThanOrEqual(360)
    await expect(page.getByText('Loading')).toHaveCount(0)
    expect(await cut(page), `${path} cuts`).toEqual([])
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

/** Tables that are wider than their place, and names of choices that do not fit. */
function cut(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const tables = [...document.querySelectorAll('section:has(> table)')]
      .filter((section) => section.scrollWidth > section.clientWidth)
      .map((section) => `the table ${section.getAttribute('aria-label')}`)
    const pen = document.createElement('canvas').getContext('2d')
    const selects = [...document.querySelectorAll('select')].filter((select) => {
      const style = getComputedStyle(select)
      if (!pen) return true
      pen.font = style.font
      const room =
        select.clientWidth - Number.parseFloat(style.paddingLeft) - Number.parseFloat(style.paddingRight)
      return pen.measureText(select.selectedOptions[0]?.text ?? '').width > room + 1
    })
    return [...tables, ...selects.map((select) => `the choice ${select.selectedOptions[0]?.text}`)]
  })
}

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
