import { expect, test } from './test.js'

test('hardened isolation says what differs where it is chosen, and root has a terminal of its own', async ({
  annPage: page,
  terminal,
  ann,
}) => {
  await page.goto('/sandboxes')
  await page.getByRole('button', { name: 'New sandbox' }).first().click()
  const dialog = page.getByRole('dialog', { name: 'New sandbox' })
  await dialog.getByLabel('Name').fill('hard box')
  await expect(dialog.getByText('In a hardened sandbox:')).toBeHidden()
  await dialog.getByRole('radio', { name: /Hardened/ }).click()
  await expect(dialog.getByText('In a hardened sandbox:')).toBeVisible()
  await dialog.getByRole('button', { name: 'Create sandbox' }).click()
  await expect(page).toHaveURL(/\/sandboxes\/sb_/)
  await expect(page.getByText('Hardened', { exact: true })).toBeVisible()

  await terminal.prompt()
  await terminal.run('tty', /^not a tty$/m)
  await terminal.run('sudo -n true || echo no sudo', /^no sudo$/m)
  await page.getByRole('button', { name: 'Terminal settings' }).click()
  await page.getByRole('menuitem', { name: 'New root terminal' }).click()
  await terminal.sees(/#\s*$/)
  await terminal.run('id -u', /^0$/m)
  await ann.call('DELETE', `/api/v1/sandboxes/${page.url().split('/').at(-1)}`, {})
})
