import { answer, expect, test } from './test.js'

test('a volume is made, grown, mounted in a new sandbox, kept as a snapshot and deleted', async ({
  annPage: page,
  ann,
  terminal,
  mayComplain,
}) => {
  mayComplain(/400|409/)
  const row = (name: string) =>
    page.getByRole('region', { name: 'Volumes', exact: true }).getByRole('row').filter({ hasText: name })
  const act = async (name: string, item: string) => {
    await row(name)
      .getByRole('button', { name: `Actions for ${name}` })
      .click()
    await page.getByRole('menuitem', { name: item, exact: true }).click()
  }
  const confirm = (action: string) =>
    page.getByRole('alertdialog').getByRole('button', { name: action }).click()

  await page.goto('/volumes')
  await expect(page.getByText('No volumes yet')).toBeVisible()
  await page.getByRole('button', { name: 'New volume' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('Data sets')
  await dialog.getByLabel('Size').fill('32')
  await dialog.getByRole('button', { name: 'Create volume' }).click()
  await expect(row('Data sets')).toContainText('32 MiB')
  await act('Data sets', 'Name and size')
  await dialog.getByLabel('Size').fill('48')
  await page.keyboard.press('Enter')
  await expect(row('Data sets')).toContainText('48 MiB')

  await page.goto('/sandboxes')
  await page.getByRole('button', { name: 'New sandbox' }).first().click()
  await dialog.getByLabel('Name').first().fill('reader')
  await dialog.getByRole('button', { name: 'Mount a volume' }).click()
  await expect(dialog.getByLabel('Directory in the sandbox')).toHaveValue('/data-sets')
  await dialog.getByLabel('Directory in the sandbox').fill('/data')
  await dialog.getByRole('button', { name: 'Create sandbox' }).click()
  await page.waitForURL(/\/sandboxes\/sb_/)
  const id = new URL(page.url()).pathname.split('/').at(-1) ?? ''
  await terminal.type('echo kept > /data/file; cat /data/file; echo do""ne\n')
  await terminal.sees(/^kept\n[\s\S]*^done$/m)

  await page.goto('/sandboxes')
  const choose = async () => {
    await page.getByRole('button', { name: 'Actions for reader' }).click()
    await page.getByRole('menuitem', { name: 'Volumes…' }).click()
  }
  await choose()
  await expect(dialog).toContainText('Stop the sandbox first')
  await expect(dialog.getByLabel('Directory in the sandbox')).toBeDisabled()
  await expect(dialog.getByRole('button', { name: 'Save' })).toBeDisabled()
  await ann.call('POST', `/api/v1/sandboxes/${id}/stop`, { graceSeconds: 0 })
  await expect(dialog.getByLabel('Directory in the sandbox')).toBeEnabled()
  await dialog.getByLabel('Directory in the sandbox').fill('proc')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(dialog.getByLabel('Directory in the sandbox')).toHaveAttribute('aria-invalid', 'true')
  await dialog.getByLabel('Directory in the sandbox').fill('/srv/moved')
  await dialog.getByRole('checkbox').check()
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('Changed the volumes of reader.').first()).toBeVisible()
  const changed = await ann.call('GET', `/api/v1/sandboxes/${id}`)
  expect(changed.body.volumes).toMatchObject([{ path: '/srv/moved', readOnly: true }])

  await page.goto('/volumes')
  await expect(row('Data sets')).toContainText('reader')
  await expect(row('Data sets')).toContainText('/srv/moved read-only')
  await act('Data sets', 'Delete volume')
  await confirm('Delete volume')
  await expect(page.getByRole('alertdialog')).toContainText('in use by reader')
  await answer(page, 'Cancel')
  await act('Data sets', 'Take a snapshot')
  const snapshots = page.getByRole('region', { name: 'Snapshots of volumes' }).last()
  await expect(snapshots.getByRole('row').filter({ hasText: 'Data sets' })).toBeVisible()
  await ann.call('DELETE', `/api/v1/sandboxes/${id}`)
  await act('Data sets', 'Delete volume')
  await confirm('Delete volume')
  await expect(page.getByText('No volumes yet')).toBeVisible()
  await snapshots.getByRole('button', { name: 'Make a volume' }).click()
  await confirm('Make a volume')
  await expect(row('Data sets').getByRole('meter')).toBeVisible()
  await snapshots.getByRole('button', { name: /^Delete / }).click()
  await confirm('Delete snapshot')
  await expect(snapshots).toHaveCount(0)
  const { body } = await ann.call('GET', '/api/v1/volumes')
  for (const one of body.items) await ann.call('DELETE', `/api/v1/volumes/${one.id}`)
})
