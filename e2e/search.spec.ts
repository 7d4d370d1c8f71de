import { AxeBuilder } from '@axe-core/playwright'
import { expect, test } from './test.js'

test('text is found in files, and a line is opened in the editor', async ({
  annPage: page,
  terminal,
  sandbox,
  ann,
}) => {
  const command = `mkdir -p src && for i in $(seq 80); do echo "line $i"; done > src/many.txt && printf '\\tneedle <b>here</b>\\n' >> src/many.txt && echo Needle > other.txt`
  await ann.call('POST', `/api/v1/sandboxes/${sandbox.id}/exec`, { command })
  await terminal.open(sandbox.id)
  await page.getByRole('button', { name: 'Search in files' }).click()
  const dialog = page.getByRole('dialog', { name: 'Search in files' })
  await dialog.getByRole('searchbox').fill('needle')
  await expect(dialog.getByRole('status')).toHaveText('2 lines in 2 files')
  await expect(dialog.getByRole('button', { name: /needle <b>here<\/b>/ })).toBeVisible()
  const axe = new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
  expect((await axe.analyze()).violations.map(({ id, nodes }) => `${id} ${nodes[0]?.html}`)).toEqual([])
  await dialog.getByRole('checkbox', { name: 'Match case' }).check()
  await expect(dialog.getByRole('status')).toHaveText('1 line in 1 file')
  await dialog.getByRole('checkbox', { name: 'Regular expression' }).check()
  await dialog.getByRole('searchbox').fill('(')
  await expect(dialog.getByText('regex parse error')).toBeVisible()
  await dialog.getByRole('searchbox').fill('^line 7[79]$')
  await expect(dialog.getByRole('status')).toHaveText('2 lines in 1 file')
  await dialog.getByRole('button', { name: 'line 79' }).click()
  await expect(page.locator('.cm-content')).toBeFocused()
  await expect(page.getByText('Line 79, column 1')).toBeVisible()
  await page.keyboard.press('Control+Shift+KeyF')
  await expect(dialog.getByRole('searchbox')).toHaveValue('^line 7[79]$')
  await page.keyboard.press('Escape')
})
