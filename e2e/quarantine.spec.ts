import pg from 'pg'
import { TestClient } from '../testing/client.js'
import { expect, test } from './test.js'

test('an operator restores a sandbox and a volume that the database did not know', async ({
  pageOf,
  instance,
  ann,
  sandbox,
}) => {
  const client = new pg.Client(
    `postgresql://cloche@localhost/cloche?host=/run/cloche/${instance.name}/postgres`,
  )
  await client.connect()
  // As an older database would be: without the row, and without having deleted it.
  await client.query('ALTER TABLE sandbox DISABLE TRIGGER USER')
  await client.query('DELETE FROM sandbox WHERE id = $1', [sandbox.id])
  await client.query('ALTER TABLE sandbox ENABLE TRIGGER USER')
  const made = await ann.call('POST', '/api/v1/volumes', { name: 'forgotten', sizeMiB: 16 })
  const volume = String(made.body.id)
  await ann.call('PUT', `/api/v1/volumes/${volume}/files?path=/kept`, 'kept')
  await client.query('BEGIN')
  await client.query('SET LOCAL session_replication_role = replica')
  await client.query('DELETE FROM volume WHERE id = $1', [volume])
  await client.query('COMMIT')
  await client.end()
  const operator = await TestClient.signIn(instance.url, instance.admin.email, instance.admin.password)
  const page = await pageOf(operator.extraHeaders.cookie ?? '')
  await page.goto('/operator')
  const row = page.getByRole('row').filter({ hasText: sandbox.id })
  await expect(row).toContainText('the database does not know this sandbox', { timeout: 60_000 })
  await row.getByRole('button', { name: `Delete ${sandbox.id}` }).click()
  await expect(page.getByRole('alertdialog')).toContainText('permanently deletes the disk')
  await page.getByRole('button', { name: 'Cancel' }).click()
  await row.getByRole('button', { name: `Restore ${sandbox.id}` }).click()
  await expect(page.getByLabel('Sandbox ID')).toHaveValue(sandbox.id)
  await page.getByRole('button', { name: 'Restore sandbox' }).click()
  await expect(page.getByRole('dialog')).toBeHidden()
  await expect(row).toBeHidden()
  const disk = page.getByRole('row').filter({ hasText: volume })
  await expect(disk).toContainText('The database does not know it')
  await expect(disk).toContainText('Volume')
  await disk.getByRole('button', { name: `Delete ${volume}` }).click()
  await expect(page.getByRole('alertdialog')).toContainText('permanently deletes the disk')
  await page.getByRole('button', { name: 'Cancel' }).click()
  await disk.getByRole('button', { name: `Restore ${volume}` }).click()
  await expect(page.getByLabel('Tenant ID')).toHaveValue(/^tn_/)
  await page.getByRole('button', { name: 'Restore disk' }).click()
  await expect(page.getByRole('dialog')).toBeHidden()
  await expect(disk).toBeHidden()
  const kept = await ann.call('GET', `/api/v1/volumes/${volume}/files?path=/kept`)
  expect([kept.status, (await ann.call('DELETE', `/api/v1/volumes/${volume}`)).status]).toEqual([200, 204])
  const { body } = await ann.call('POST', `/api/v1/sandboxes/${sandbox.id}/start`, {})
  expect(body).toMatchObject({ id: sandbox.id, state: 'running' })
})
