import { expect, test } from './test.js'

test('tabs by keyboard alone: open, name, move, search, end; and the layout is remembered', async ({
  annPage: page,
  terminal,
  sandbox,
}) => {
  const { keyboard } = page
  const tabs = page.getByRole('tab')
  await terminal.open(sandbox.id)
  await terminal.run('echo in the first', /^in the first$/m)

  await keyboard.press('Control+Shift+Backquote')
  await expect(tabs).toHaveCount(2)
  await terminal.prompt()
  await keyboard.press('Control+Shift+KeyE')
  await keyboard.type('second')
  await keyboard.press('Enter')
  await expect(tabs.nth(1)).toHaveText('second')
  await keyboard.press('Control+Shift+ArrowUp')
  await expect(page.getByRole('tab', { name: 'second' })).toBeFocused()
  await keyboard.press('Alt+ArrowLeft')
  await expect(tabs.nth(0)).toHaveText('second')
  await keyboard.press('ArrowRight')
  await terminal.sees(/^in the first$/m)

  await keyboard.press('Enter')
  await keyboard.press('Control+Shift+KeyF')
  await keyboard.type('the first')
  await expect(page.getByText(/^\d of 2$/)).toBeVisible()
  await keyboard.press('Escape')

  await page.reload()
  await expect(tabs.nth(0)).toHaveText('second')
  await expect(tabs.nth(1)).toHaveAttribute('aria-selected', 'true')
  await terminal.sees(/^in the first$/m)

  await keyboard.press('Control+Shift+KeyX')
  await page.getByRole('alertdialog').waitFor()
  await keyboard.press('Tab')
  await keyboard.press('Enter')
  await expect(tabs).toHaveCount(1)
  await expect(tabs).toHaveText('second')
})

test('from the list to a prompt by keyboard alone', async ({ annPage: page, terminal, ann }) => {
  const { keyboard } = page
  await page.goto('/sandboxes')
  await expect(page.getByRole('heading', { name: 'No sandboxes yet' })).toBeVisible()
  await keyboard.press('c')
  await expect(page.getByRole('textbox', { name: 'Name' })).toBeFocused()
  await keyboard.type('by keys')
  await keyboard.press('Enter')
  await expect(page).toHaveURL(/\/sandboxes\/sb_/)
  await terminal.prompt()
  await keyboard.type('echo no mouse\n')
  await terminal.sees(/^no mouse$/m)

  await page.goto('/sandboxes')
  await expect(page.getByRole('link', { name: 'by keys' })).toBeVisible()
  await keyboard.press('j')
  await expect(page.getByRole('link', { name: 'by keys' })).toBeFocused()
  await keyboard.press('Enter')
  await terminal.sees(/^no mouse$/m)
  await ann.call('DELETE', `/api/v1/sandboxes/${page.url().split('/').at(-1)}`, {})
})
