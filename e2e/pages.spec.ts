import { TestClient } from '../testing/client.js'
import { answer, expect, test } from './test.js'

test('an operator sees node, pools and tenants, and changes a quota; others do not', async ({
  pageOf,
  instance,
}) => {
  const operator = await TestClient.signIn(instance.url, instance.admin.email, instance.admin.password)
  const page = await pageOf(operator.extraHeaders.cookie ?? '')
  await page.goto('/operator')
  const pools = page.getByRole('region', { name: 'Pools' })
  await expect(pools.getByRole('listitem').filter({ hasText: 'base' }).first()).toContainText('ready')
  // Graphs begin with what the runtime remembers, not with what this page has seen.
  await expect
    .poll(async () => (await operator.call('GET', '/api/v1/admin/pools')).body.pools[0].history.length)
    .toBeGreaterThan(1)
  await page.reload()
  const pool = pools.getByRole('listitem').first()
  await expect(pool).toContainText('ready')
  if ((await pool.locator('details').getAttribute('open')) === null) await pool.locator('summary').click()
  const points = await pool.locator('polyline').last().getAttribute('points')
  expect(points?.split(' ').length).toBeGreaterThan(2)
  await expect(pool).toContainText('10 min ago')
  await pools.getByRole('button', { name: 'Pre-warm' }).click()
  await page.getByRole('spinbutton', { name: 'Sandboxes', exact: true }).fill('1')
  await page.getByRole('radio', { name: 'On a schedule' }).click()
  await page.getByRole('textbox', { name: 'Name' }).fill('class-9b')
  await page.getByRole('button', { name: 'sunday' }).click()
  await page.getByRole('button', { name: 'Save schedule' }).click()
  const schedule = page.getByRole('row', { name: /class-9b/ })
  await expect(schedule).toContainText(/mon, tue, wed, thu, fri, sun at 09:00/)
  await schedule.getByRole('button', { name: 'Delete schedule class-9b' }).click()
  await answer(page, 'Delete schedule')
  await expect(schedule).toBeHidden()

  await page.getByRole('button', { name: /Edit quota of ben/ }).click()
  await page.getByRole('spinbutton', { name: 'Sandboxes' }).fill('7')
  await page.getByRole('button', { name: 'Save quota' }).click()
  const tenants = page.getByRole('region', { name: 'Tenants', exact: true })
  await expect(tenants.getByRole('row', { name: /^ben/ })).toContainText('0 of 7')

  await page.setViewportSize({ width: 360, height: 740 })
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360)
  await page.close()

  const other = await pageOf(instance.ben.cookie)
  await other.goto('/operator')
  await expect(other.getByRole('heading', { name: 'For operators only' })).toBeVisible()
})

test('what cannot be loaded says why and can be tried again; what is empty says what would be there', async ({
  pageOf,
  instance,
  mayComplain,
}) => {
  mayComplain(/Failed to load resource/)
  const page = await pageOf(instance.ben.cookie)
  const refuse = {
    code: 'runtime_unavailable',
    title: 'x',
    type: 'about:blank',
    status: 503,
    detail: 'It is being mended.',
  }
  await page.route('**/api/v1/sandboxes?*', (route) => route.fulfill({ status: 503, json: refuse }))
  await page.goto('/sandboxes')
  await expect(page.getByRole('alert').filter({ hasText: 'It is being mended.' })).toBeVisible()
  await expect(page.getByRole('button', { name: 'Try again' })).toBeVisible()
  // It says that it tries again by itself, and does so.
  await expect(page.getByRole('alert').filter({ hasText: 'Retrying automatically.' })).toBeVisible()
  await page.unroute('**/api/v1/sandboxes?*')
  await expect(page.getByRole('heading', { name: 'No sandboxes yet' })).toBeVisible()
})

test('more than the quota is refused before it is asked for', async ({ pageOf, instance }) => {
  const page = await pageOf(instance.ben.cookie)
  await page.goto('/sandboxes')
  await page.getByRole('button', { name: 'New sandbox' }).first().click()
  await page.getByRole('radio', { name: /Custom/ }).click()
  await page.getByLabel('CPUs').fill('200')
  // Seen without scrolling, beside the button that cannot be pressed.
  const reason = page.getByRole('dialog').getByText(/quota \(cpus: 200 CPUs requested/)
  await expect(reason).toBeInViewport({ ratio: 1 })
  await expect(page.getByRole('button', { name: 'Create sandbox' })).toBeDisabled()
  await page.getByLabel('CPUs').fill('a few')
  await expect(page.getByRole('dialog')).toContainText('Not a valid limit.')
})

test('the theme is kept, and drawn by the server with no flash', async ({ pageOf, instance }) => {
  const page = await pageOf(instance.ben.cookie)
  await page.goto('/settings')
  await page.getByRole('radio', { name: 'Dark' }).click()
  const html = await (await page.request.get('/settings')).text()
  expect(html).toMatch(/<html[^>]* data-theme="dark"/)
  await page.reload()
  expect(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme)).toBe('dark')
})
