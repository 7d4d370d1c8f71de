import { launchOptions } from './browser.js'
import { expect, test } from './test.js'

test.use({ launchOptions: launchOptions({ webgl: true }) })

test('of many tabs the active one is always in sight, and all are in a list', async ({
  annPage: page,
  terminal,
  sandbox,
}) => {
  await page.setViewportSize({ width: 800, height: 600 })
  await terminal.open(sandbox.id)
  const tabs = page.getByRole('tab')
  for (let count = 2; count <= 12; count++) {
    await page.getByRole('button', { name: 'New terminal', exact: true }).click()
    await expect(tabs).toHaveCount(count)
    await terminal.prompt()
  }
  const list = page.getByRole('tablist')
  const expectInSight = async () =>
    expect
      .poll(async () => {
        const [tab, box] = await Promise.all([
          page.getByRole('tab', { selected: true }).boundingBox(),
          list.boundingBox(),
        ])
        if (!tab || !box) return 'missing'
        const isIn = tab.x >= box.x - 1 && tab.x + tab.width <= box.x + box.width + 1
        return isIn ? 'in sight' : 'clipped'
      })
      .toBe('in sight')
  await expectInSight()
  // A title makes a tab wider after it was selected.
  await terminal.run(
    String.raw`printf '\033]0;a program with a long title\007'; sleep 1; echo said`,
    /^said$/m,
  )
  await expectInSight()
  await page.setViewportSize({ width: 600, height: 600 })
  await expectInSight()

  await page.getByRole('button', { name: 'All 12 terminals' }).click()
  await expect(page.getByRole('menuitem')).toHaveCount(12)
  await page.getByRole('menuitem').first().click()
  await expect(tabs.first()).toHaveAttribute('aria-selected', 'true')
  await expectInSight()
})
