import { expect, test } from './test.js'

test('an address opens a file at a line, and the editor has the keys of Vim', async ({
  annPage: page,
  sandbox,
  ann,
}) => {
  const inside = async (command: string) =>
    (await ann.call('POST', `/api/v1/sandboxes/${sandbox.id}/exec`, { command })).body.stdout
  await inside('mkdir -p "odd & name" && seq 50 > "odd & name/numbers.txt" && echo other > other.txt')
  await page.goto(`/sandboxes/${sandbox.id}?file=other.txt`)
  await expect(page.getByRole('tab', { name: 'other.txt' })).toBeVisible()
  const query = new URLSearchParams({ file: 'odd & name/numbers.txt', line: '42' })
  await page.goto(`/sandboxes/${sandbox.id}?${query}`)
  await expect(page.getByText('Line 42, column 1')).toBeVisible()
  // What was open is open still.
  await expect(page.getByRole('tab', { name: 'other.txt' })).toBeVisible()

  await page.getByRole('button', { name: 'Keys of the editor: Standard' }).click()
  await page.getByRole('menuitemradio', { name: 'Vim' }).click()
  await expect(page.locator('.cm-vim-panel, .cm-fat-cursor').first()).toBeVisible()
  await page.locator('.cm-content').focus()
  await page.keyboard.type('dd')
  await page.keyboard.type(':w')
  await page.keyboard.press('Enter')
  await expect.poll(() => inside('sed -n 42p "odd & name/numbers.txt"')).toBe('43\n')
  await page.getByRole('button', { name: 'Keys of the editor: Vim' }).click()
  await page.getByRole('menuitemradio', { name: 'Standard' }).click()
})
