import AxeBuilder from '@axe-core/playwright'
import { expectFits } from './fits.js'
import { answer, expect, test } from './test.js'

test('the API reference is read without signing in, in both languages and on a phone', async ({ page }) => {
  await page.goto('/docs/api#createSandbox')
  // A link leads to its call, which is open.
  const call = page.locator('#createSandbox')
  await expect(call.getByRole('heading', { name: 'Parameters' })).toBeVisible()
  await expect(call.locator('summary').first()).toBeFocused()
  await call.getByText('limits', { exact: true }).first().click()
  await expect(call.getByText('memoryMiB', { exact: true }).first()).toBeVisible()
  await call.getByLabel('Language of the example').selectOption('TypeScript')
  await expect(call.locator('pre')).toContainText('await cloche.sandboxes.create(options)')
  // What is no session's is not offered.
  await expect(call.getByRole('link', { name: 'Sign in to try this call' })).toHaveAttribute(
    'href',
    `/sign-in?next=${encodeURIComponent('/docs/api#createSandbox')}`,
  )
  await expect(call.getByRole('button', { name: 'Send request' })).toHaveCount(0)

  await page.keyboard.press('Control+k')
  await page.getByRole('dialog').getByRole('combobox').fill('list runs')
  await expect(page.getByRole('option').first()).toContainText('/api/v1/runs')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/#listRuns$/)
  await expect(page.locator('#listRuns').getByRole('heading', { name: 'Parameters' })).toBeVisible()

  await page.setViewportSize({ width: 360, height: 740 })
  await expectFits(page, 'the reference on a phone')
  await page.getByRole('banner').getByRole('combobox').selectOption('zh-CN')
  await expect(page.locator('#listRuns').getByRole('heading', { name: '参数' })).toBeVisible()
  await expectFits(page, 'the reference on a phone, in Chinese')
})

test('a call is tried with the session: what changes something is asked about first', async ({
  annPage: page,
  ann,
  mayComplain,
}) => {
  // The answer to a body that is wrong on purpose.
  mayComplain(/status of 400/)
  await page.goto('/settings')
  await page.getByRole('link', { name: 'API reference' }).click()
  await page.getByRole('searchbox', { name: 'Search calls' }).fill('get quota')
  await expect(page.locator('#createSandbox')).toHaveCount(0)
  const quota = page.locator('#getQuota')
  await quota.locator('summary').first().click()
  await expect(quota.locator('pre').first()).toContainText(
    `curl -X GET '${new URL(page.url()).origin}/api/v1/quota'`,
  )
  await quota.getByRole('button', { name: 'Send request' }).click()
  const read = quota.getByRole('region', { name: 'Response', exact: true })
  await expect(read.getByRole('status')).toContainText('200')
  await expect(read.getByRole('region', { name: 'Response body' })).toContainText('memoryMiB')
  await read.getByText(/response headers$/).click()
  await expect(read).toContainText('content-type: application/json')

  await page.getByRole('searchbox', { name: 'Search calls' }).fill('nothing like this')
  await expect(page.getByRole('heading', { name: 'No call matches' })).toBeVisible()

  await page.getByRole('searchbox', { name: 'Search calls' }).fill('createSandbox')
  const create = page.locator('#createSandbox')
  await create.locator('summary').first().click()
  const body = create.getByLabel('Body (JSON)')
  // What is no JSON is not sent.
  await body.fill('{ "name": }')
  await create.getByRole('button', { name: 'Send request' }).click()
  await expect(body).toBeFocused()
  await expect(create.getByText('The first error is on line 1.')).toBeVisible()
  // What the server refuses is said at the field.
  await body.fill('{\n  "name": "tried",\n  "limits": { "cpus": -1 }\n}')
  await create.getByRole('button', { name: 'Send request' }).click()
  const question = page.getByRole('alertdialog')
  await expect(question).toContainText('Create a sandbox')
  await expect(question).toContainText('/api/v1/sandboxes')
  await answer(page, 'Send request')
  const remarks = create.getByRole('list', { name: 'Invalid fields' })
  await remarks.getByRole('button', { name: 'limits.cpus (line 3):' }).click()
  const chosen = await body.evaluate((area: HTMLTextAreaElement) =>
    area.value.slice(area.selectionStart, area.selectionEnd),
  )
  expect(chosen).toBe('-1')
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag22aa']).analyze()
  expect(violations.map(({ id }) => id)).toEqual([])

  await body.fill(
    '{ "name": "tried", "limits": { "cpus": 0.5, "memoryMiB": 128, "diskMiB": 64, "pids": 64 } }',
  )
  await create.getByRole('button', { name: 'Send request' }).click()
  await page.getByRole('alertdialog').getByRole('button', { name: 'Cancel' }).click()
  const names = async () =>
    (await ann.call('GET', '/api/v1/sandboxes')).body.items.map(({ name }: { name: string }) => name)
  expect(await names()).not.toContain('tried')
  await create.getByRole('button', { name: 'Send request' }).click()
  await answer(page, 'Send request')
  await expect(
    create.getByRole('region', { name: 'Response', exact: true }).getByRole('status'),
  ).toContainText('201')
  expect(await names()).toContain('tried')
})
