import { expect, test } from './test.js'

test('a file is opened and a command found by a few letters', async ({
  annPage: page,
  terminal,
  sandbox,
  ann,
}) => {
  const command = 'mkdir -p src/deep && seq 50 > src/deep/numbers.txt && echo hi > hello.md'
  await ann.call('POST', `/api/v1/sandboxes/${sandbox.id}/exec`, { command })
  await terminal.open(sandbox.id)
  await page.keyboard.press('Control+Shift+KeyP')
  const palette = page.getByRole('dialog', { name: 'Go to a file or a command' })
  const input = palette.getByRole('combobox')
  await expect(input).toBeFocused()
  await page.keyboard.type('source')
  await expect(palette.getByRole('option').first()).toContainText('Show or hide source control')
  await page.keyboard.press('Escape')
  await page.keyboard.press('Control+Shift+KeyP')
  await expect(input).toBeFocused()
  await page.keyboard.press('Backspace')
  await page.keyboard.type('numb:42')
  await expect(palette.getByRole('option', { name: /numbers\.txt/ })).toBeVisible()
  await page.keyboard.press('Enter')
  await expect(page.locator('.cm-content')).toBeFocused()
  await expect(page.getByText('Line 42, column 1')).toBeVisible()
  await page.keyboard.press('Control+KeyP')
  await expect(input).toBeFocused()
  await page.keyboard.type('hellomd')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('tab', { name: 'hello.md' })).toBeVisible()
  // A file that is shown already takes the focus as well.
  await page.keyboard.press('Control+Shift+Digit3')
  await expect(page.locator('.cm-content')).not.toBeFocused()
  await page.keyboard.press('Control+Shift+KeyP')
  await expect(input).toBeFocused()
  await page.keyboard.press('Backspace')
  await page.keyboard.type('hellomd')
  await page.keyboard.press('Enter')
  await expect(page.locator('.cm-content')).toBeFocused()
  await page.keyboard.press('Control+Shift+KeyP')
  await expect(input).toBeFocused()
  await page.keyboard.type('new terminal')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('tablist', { name: 'Terminals' }).getByRole('tab')).toHaveCount(2)
})
