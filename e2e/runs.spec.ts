import { exampleOf } from '../app/(console)/runs/examples.js'
import { languageList, run } from '../protocol/api/index.js'
import { expect, test } from './test.js'

test.beforeEach(async ({ ann }) => {
  // The template with the languages is made once the instance is up.
  await expect
    .poll(async () => JSON.stringify((await ann.call('GET', '/api/v1/languages')).body), { timeout: 110_000 })
    .toContain('"python"')
})

test('a program is written, run with Ctrl+Enter, found again and shared within its tenant', async ({
  annPage: page,
  ben,
  pageOf,
  instance,
}) => {
  await page.goto('/runs')
  const program = page.getByRole('textbox', { name: 'Program' })
  await expect(program).toContainText('The sum is')
  await program.fill('print("<b>" + input() * 2 + "</b>")')
  await page.getByRole('textbox', { name: 'Input' }).fill('ab')
  await page.keyboard.press('Control+Enter')
  const result = page.locator('section', { has: page.getByRole('heading', { name: /^Result/ }) }).last()
  await expect(result.getByRole('status')).toHaveText('OK')
  await expect(result.getByRole('region', { name: 'stdout' })).toHaveText('<b>abab</b>')
  await expect(result).toContainText('Exit code0')

  await result.getByRole('link', { name: 'Link to this run' }).click()
  await expect(page).toHaveURL(/\/runs\/rn_/)
  const address = new URL(page.url()).pathname
  const id = address.split('/').at(-1) ?? ''
  await expect(page.getByRole('textbox', { name: 'main.py' })).toContainText('input() * 2')
  await expect(page.getByRole('region', { name: 'stdout' })).toHaveText('<b>abab</b>')

  await page.getByRole('link', { name: 'Edit' }).click()
  await expect(page.getByRole('textbox', { name: 'Program' })).toContainText('input() * 2')
  await page.getByLabel('Search runs').fill(id)
  await expect(page.getByRole('region', { name: 'Runs' }).getByRole('row')).toHaveCount(2)
  await expect(page.getByRole('region', { name: 'Runs' }).getByRole('row', { name: id })).toContainText('OK')

  expect((await ben.call('GET', `/api/v1/runs/${id}?request=true`)).status).toBe(404)
  const other = await pageOf(instance.ben.cookie)
  await other.goto(address)
  await expect(other.getByRole('alert').filter({ hasText: 'Could not be loaded' })).toBeVisible()
  await expect(other.getByText('abab')).toHaveCount(0)
})

test('cases are green and red, and the red one shows what differs', async ({ annPage: page }) => {
  await page.goto('/runs')
  await page.getByRole('textbox', { name: 'Program' }).fill('print(int(input()) * 2)')
  for (const [at, input, expected] of [
    [1, '2', '4'],
    [2, '3', '9'],
  ] as const) {
    await page.getByRole('button', { name: 'Add case' }).click()
    const one = page.getByRole('group', { name: `Case ${at}` })
    await one.getByLabel('Input').fill(input)
    await one.getByLabel('Expected output').fill(expected)
  }
  await page.keyboard.press('Control+Enter')
  const cases = page.getByRole('region', { name: 'Cases' })
  await expect(cases.getByRole('row', { name: 'Case 1' })).toContainText('OK')
  await expect(cases.getByRole('row', { name: 'Case 2' })).toContainText('Wrong answer')
  // Columns by name: signs are read both ways.
  const table = cases.getByRole('region', { name: 'Expected and actual output' }).getByRole('table')
  await expect(table.getByRole('columnheader')).toHaveText(['Line', 'Expected output', 'Your output'])
  await expect(table.getByRole('row', { name: 'Line 1 differs' }).getByRole('cell')).toHaveText(['9', '6'])
})

test('what runs is followed as it prints, and can be canceled', async ({ annPage: page }) => {
  await page.goto('/runs')
  await page
    .getByRole('textbox', { name: 'Program' })
    .fill('import time; print("begun", flush=True); time.sleep(9)')
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  await expect(page.getByRole('region', { name: 'stdout' })).toHaveText('begun')
  await page.getByRole('button', { name: 'Cancel run' }).click()
  await expect(page.getByRole('status').filter({ hasText: 'Canceled' })).toBeVisible()
})

test('the example of every language works', async ({ ann }) => {
  const { items } = languageList.parse((await ann.call('GET', '/api/v1/languages')).body)
  expect(items.length).toBeGreaterThan(5)
  for (const { name, file } of items) {
    const { code, stdin } = exampleOf(name)
    const request = { language: name, files: [{ path: file, content: code }], stdin, wait: true }
    const { status, steps } = run.parse((await ann.call('POST', '/api/v1/runs', request)).body)
    expect([name, status, steps.at(-1)?.stdout.content]).toEqual([
      name,
      'ok',
      expect.stringMatching(/^The sum is 12\n/),
    ])
  }
})
