import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { everyPage } from './every-page.js'
import { expect, test } from './test.js'

/** What axe finds against WCAG 2.2 A and AA on the page as it is. */
async function violations(page: Page, dark: boolean): Promise<readonly string[]> {
  const axe = new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
  // Colours are all that differs in the dark.
  const { violations: found } = await (dark ? axe.withRules(['color-contrast']) : axe).analyze()
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`)
}

/** Light, then dark. */
async function expectAccessible(page: Page, what: string): Promise<void> {
  for (const dark of [false, true]) {
    await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light', reducedMotion: 'reduce' })
    expect(await violations(page, dark), `${what}, ${dark ? 'dark' : 'light'}`).toEqual([])
  }
}

test('every page holds WCAG 2.2 AA, light and dark', async ({ annPage: page, sandbox }) => {
  for (const { path } of everyPage) {
    await page.goto(path)
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
    await expect(page.getByText('Loading')).toHaveCount(0)
    await expectAccessible(page, path)
  }
  await page.goto('/sandboxes')
  await page.getByRole('link', { name: sandbox.name }).waitFor()
  await page.getByRole('button', { name: 'New sandbox' }).click()
  await page.getByRole('radio', { name: /Small/ }).waitFor()
  await expectAccessible(page, 'the dialog for a new sandbox')
})

test('the workspace holds WCAG 2.2 AA, also paused and in its menu', async ({
  annPage: page,
  terminal,
  sandbox,
  ann,
}) => {
  await terminal.open(sandbox.id)
  await expectAccessible(page, 'the workspace')
  await page.getByRole('button', { name: 'Terminal settings' }).click()
  await expectAccessible(page, 'the menu of a terminal')
  await page.keyboard.press('Escape')
  await ann.call('POST', `/api/v1/sandboxes/${sandbox.id}/pause`, {})
  await expect(page.getByRole('region', { name: 'State of the sandbox' })).toBeVisible()
  await expectAccessible(page, 'a paused workspace')
})
