import { readFile } from 'node:fs/promises'
import { TestClient } from '../testing/client.js'
import { emailOf, expect, test } from './test.js'

test('the audit log is told in sentences, with links to what exists, filters, pages and an export', async ({
  pageOf,
  instance,
}) => {
  const client = await TestClient.signUp(instance.url, emailOf('ida'))
  const limits = { cpus: 0.5, memoryMiB: 128, diskMiB: 64, pids: 64 }
  const make = async (name: string) => (await client.call('POST', '/api/v1/sandboxes', { name, limits })).body
  const [web, old] = [await make('web'), await make('old')]
  await client.call('DELETE', `/api/v1/sandboxes/${old.id}`, {})
  const key = (await client.call('POST', '/api/v1/keys', { name: 'robot' })).body
  await TestClient.withKey(instance.url, key.key).call('POST', `/api/v1/sandboxes/${web.id}/pause`, {})
  const page = await pageOf(client.extraHeaders.cookie ?? '')
  await page.goto('/audit')
  const rows = page.getByRole('region', { name: 'Audit events' }).getByRole('row')
  const row = (sentence: string) => rows.filter({ hasText: sentence })
  await expect(row('ida deleted the sandbox old')).toContainText(emailOf('ida'))
  await expect(row('ida deleted the sandbox old').getByRole('link')).toHaveCount(0)
  await expect(row('API key robot paused the sandbox web')).toHaveCount(1)
  await expect(row('ida created the API key robot').getByRole('link', { name: 'robot' })).toBeVisible()

  const filters = page.getByRole('search')
  await filters.getByRole('combobox', { name: 'Action' }).selectOption('sandbox.delete')
  await expect(rows).toHaveCount(2)
  await filters.getByRole('combobox', { name: 'Action' }).selectOption('sandbox')
  await expect(row('ida created the sandbox web')).toBeVisible()
  await expect(row('API key robot')).toHaveCount(1)
  await filters.getByRole('searchbox').fill('robot')
  await expect(rows).toHaveCount(2)
  await filters.getByRole('combobox', { name: 'Time' }).selectOption('day')
  await expect(rows).toHaveCount(2)

  const download = page.waitForEvent('download')
  await page.getByRole('link', { name: 'Export CSV' }).click()
  const csv = await readFile(await (await download).path(), 'utf8')
  expect(csv.trim().split('\r\n')).toHaveLength(2)
  expect(csv).toContain('"key robot","sandbox.pause"')

  await filters.getByRole('searchbox').fill('nobody')
  await page.getByRole('button', { name: 'Clear filters' }).click()
  await row('ida created the sandbox web').getByRole('link', { name: 'web' }).click()
  await expect(page).toHaveURL(new RegExp(`/sandboxes/${web.id}$`))

  // Older events come a page at a time.
  for (let count = 0; count < 30; count++) {
    await client.call('PATCH', '/api/v1/tenant', { name: `name ${count}` })
    await client.call('PATCH', `/api/v1/sandboxes/${web.id}`, { name: `web ${count}` })
  }
  await page.goto('/audit')
  await expect(row('renamed the tenant to name 29')).toBeVisible()
  await expect(row('ida deleted the sandbox old')).toHaveCount(0)
  await page.getByRole('button', { name: 'Show older' }).click()
  await expect(row('ida deleted the sandbox old')).toBeVisible()
  await client.call('DELETE', `/api/v1/sandboxes/${web.id}`, {})
})
