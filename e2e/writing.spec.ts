import { expect, test } from './test.js'

test('what is written on the runs page outlives navigation, and a result stays with its language', async ({
  annPage: page,
  ann,
}) => {
  await expect
    .poll(async () => JSON.stringify((await ann.call('GET', '/api/v1/languages')).body), { timeout: 110_000 })
    .toContain('"bash"')
  await page.goto('/runs')
  const program = page.getByRole('textbox', { name: 'Program' })
  const language = page.getByRole('combobox', { name: 'Language', exact: true })
  // The version is the compiler's, not the language's.
  await expect(language.locator('option', { hasText: 'TypeScript' })).toHaveText(
    /^TypeScript \(esbuild [\d.]+\)$/,
  )

  await language.selectOption('bash')
  await program.fill('echo "kept $((20+3))"')
  await page.getByRole('textbox', { name: 'Name of the run' }).fill('exercise 7')
  await page.getByRole('link', { name: 'Usage' }).click()
  await expect(page.getByRole('heading', { name: 'Usage', level: 1 })).toBeVisible()
  await page.getByRole('link', { name: 'Runs', exact: true }).click()
  await expect(program).toContainText('kept $((20+3))')
  await page.reload()
  await expect(program).toContainText('kept $((20+3))')
  await expect(page.getByRole('textbox', { name: 'Name of the run' })).toHaveValue('exercise 7')

  await page.keyboard.press('Control+Enter')
  const result = page.getByRole('region', { name: 'Result (Bash)' })
  await expect(result.getByRole('region', { name: 'stdout' })).toHaveText('kept 23')
  await language.selectOption('python')
  await expect(result).toBeHidden()
  await expect(page.getByText('The last result is of a Bash program')).toBeVisible()
  await language.selectOption('bash')
  await expect(result).toBeVisible()
  await program.fill('exit 4')
  await expect(result).toContainText('have changed since this run')
  await page.keyboard.press('Control+Enter')
  await expect(result.getByRole('status').first()).toHaveText('Runtime error')

  // In the history by name, with language and result, filtered by each.
  const history = page.getByRole('region', { name: 'History' })
  const rows = history.getByRole('row', { name: /exercise 7/ })
  await expect(rows).toHaveCount(2)
  await expect(rows.first()).toContainText('Bash')
  await history.getByRole('combobox', { name: 'Result' }).selectOption('runtime_error')
  await expect(rows).toHaveCount(1)
  await history.getByRole('combobox', { name: 'Result' }).selectOption('canceled')
  await expect(rows).toHaveCount(0)
  await history.getByRole('combobox', { name: 'Result' }).selectOption('')
  await history.getByRole('combobox', { name: 'Language' }).selectOption('python')
  await expect(rows).toHaveCount(0)
  await history.getByRole('combobox', { name: 'Language' }).selectOption('')
  await rows.first().getByRole('link').click()
  await expect(page).toHaveURL(/\/runs\/rn_/)
  await expect(page.getByRole('heading', { name: 'exercise 7', level: 1 })).toBeVisible()
})
