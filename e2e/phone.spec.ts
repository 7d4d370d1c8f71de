import { expect, test } from './test.js'

test.use({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true })

test('on a phone every page fits, and the keys that its keyboard lacks are there', async ({
  annPage: page,
  terminal,
  sandbox,
}) => {
  for (const path of ['/sandboxes', '/usage', '/keys', '/members', '/audit', '/settings', '/sign-in']) {
    await page.goto(path)
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
    const width = await page.evaluate(() => document.documentElement.scrollWidth)
    expect(width, `${path} scrolls sideways`).toBeLessThanOrEqual(360)
  }
  await page.goto('/settings')
  await page.getByRole('button', { name: 'Menu' }).tap()
  await page.getByRole('link', { name: 'Sandboxes' }).last().tap()
  await page.getByRole('link', { name: sandbox.name }).tap()
  await terminal.prompt()

  const keys = page.getByRole('toolbar', { name: 'Keys' })
  await terminal.type('sleep 1000\n')
  await keys.getByRole('button', { name: 'Control, for the next key' }).tap()
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
})
