import pg from 'pg'
import { newId } from '../protocol/api/index.js'
import { answer, expect, test } from './test.js'

test('a webhook is made with a secret that is shown once; what has failed is sent again', async ({
  annPage: page,
  ann,
  sandbox,
  instance,
  mayComplain,
}) => {
  mayComplain(/400/)
  const row = page.getByRole('row').filter({ hasText: 'Reports' })
  const act = async (item: string) => {
    await row.getByRole('button', { name: 'Actions for Reports' }).click()
    await page.getByRole('menuitem', { name: item, exact: true }).click()
  }
  await page.goto('/webhooks')
  await expect(page.getByText('No webhooks yet')).toBeVisible()
  await page.getByRole('button', { name: 'New webhook' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('URL').fill('http://10.0.0.1/hook')
  await dialog.getByLabel('Name').fill('Reports')
  await dialog.getByLabel('build.finished').check()
  await dialog.getByRole('button', { name: 'Create webhook' }).click()
  await expect(dialog).toContainText('not a public address')
  // Of a network that nobody has; no build ends meanwhile.
  await dialog.getByLabel('URL').fill('https://198.51.100.9/hook')
  await dialog.getByRole('button', { name: 'Create webhook' }).click()
  await expect(dialog.getByLabel('Signing secret')).toHaveValue(/^whsec_/)
  await dialog.getByRole('button', { name: 'Done' }).click()
  await expect(row).toContainText('build.finished')
  await expect(row).toContainText('Enabled')

  const { body } = await ann.call('GET', '/api/v1/webhooks')
  const [{ id }] = body.items
  const host = encodeURIComponent(`/run/cloche/${instance.name}/postgres`)
  const database = new pg.Client({ connectionString: `postgresql://cloche@localhost/cloche?host=${host}` })
  await database.connect()
  // A delivery of what happened to the sandbox; what is sent to this host is refused.
  await database.query(`UPDATE webhook SET url = 'http://127.0.0.1:9/' WHERE id = $1`, [id])
  const insert = `INSERT INTO webhook_delivery (id, "tenantId", "webhookId", position, state, tries, error)
    SELECT $1, "tenantId", $2, position, 'failed', 10, 'it answered 500' FROM event WHERE data->'sandbox'->>'id' = $3 LIMIT 1`
  const inserted = async () => (await database.query(insert, [newId('wd'), id, sandbox.id])).rowCount
  await expect.poll(inserted).toBe(1)
  await database.end()

  await act('Deliveries')
  const deliveries = page.getByRole('region', { name: 'Deliveries to Reports' })
  await expect(deliveries).toContainText('It answered 500')
  await deliveries.getByRole('button', { name: 'Send sandbox.created again' }).click()
  await expect(deliveries).toContainText('an address that is not public', { timeout: 15_000 })
  await expect(row).toContainText('Failing')
  await act('Disable')
  await expect(row).toContainText('Disabled')
  await expect(deliveries.getByRole('row').filter({ hasText: 'sandbox.created' })).toContainText('Failed')
  await act('New secret')
  await answer(page, 'New secret')
  await expect(dialog.getByLabel('Signing secret')).toHaveValue(/^whsec_/)
  await dialog.getByRole('button', { name: 'Done' }).click()
  await act('Delete webhook')
  await answer(page, 'Delete webhook')
  await expect(page.getByText('No webhooks yet')).toBeVisible()
})
