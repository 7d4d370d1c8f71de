import { expect, test } from './test.js'

test('a snapshot is taken, restored and made into a sandbox, and a sandbox is forked', async ({
  annPage: page,
  ann,
  terminal,
  sandbox,
  mayComplain,
}) => {
  mayComplain(/400|409/)
  const menu = async (item: string) => {
    await page.getByRole('button', { name: 'More actions' }).click()
    await page.getByRole('menuitem', { name: item, exact: true }).click()
  }
  const dialog = page.getByRole('dialog', { name: 'Snapshots' })
  const row = (name: string) => dialog.getByRole('listitem').filter({ hasText: name })
  const act = async (name: string, item: string) => {
    await row(name)
      .getByRole('button', { name: `Actions for ${name}` })
      .click()
    await page.getByRole('menuitem', { name: item, exact: true }).click()
  }
  const confirm = (action: string) =>
    page.getByRole('alertdialog').getByRole('button', { name: action }).click()
  const leaveTo = async (action: () => Promise<void>) => {
    const before = page.url()
    await action()
    await page.waitForURL((url) => /\/sandboxes\/sb_/.test(url.pathname) && url.href !== before)
    return new URL(page.url()).pathname.split('/').at(-1) ?? ''
  }
  const made: string[] = []

  await terminal.open(sandbox.id)
  await terminal.type('echo first > file; sync; echo do""ne\n')
  await terminal.sees(/^done$/m)
  await menu('Snapshots')
  await expect(dialog.getByText('No snapshots yet')).toBeVisible()
  await dialog.getByLabel('Name').fill('lesson 1')
  await dialog.getByRole('button', { name: 'Take snapshot' }).click()
  await expect(row('lesson 1')).toBeVisible()
  // It gets another name, and its old one again.
  await act('lesson 1', 'Rename')
  await dialog.getByLabel('New name').fill('lesson one')
  await page.keyboard.press('Enter')
  await expect(row('lesson one')).toBeVisible()
  await act('lesson one', 'Rename')
  await dialog.getByLabel('New name').fill('lesson 1')
  await dialog.getByRole('button', { name: 'Rename' }).click()
  await expect(row('lesson 1')).toBeVisible()
  // The same name is refused, in words.
  await dialog.getByLabel('Name').fill('lesson 1')
  await dialog.getByRole('button', { name: 'Take snapshot' }).click()
  await expect(dialog.getByText('a snapshot is called lesson 1 already')).toBeVisible()

  // What others can start from. A name that cannot be is refused in words.
  await act('lesson 1', 'Make a template')
  await dialog.getByLabel('Name of the template').fill('Not a name')
  await page.keyboard.press('Enter')
  await expect(dialog.getByLabel('Name of the template')).toHaveAttribute('aria-invalid', 'true')
  await dialog.getByLabel('Name of the template').fill('lesson-1')
  // That it takes its time is shown; here as long as it takes to see it.
  const held = '**/api/v1/templates'
  await page.route(held, async (route) => {
    if (route.request().method() === 'POST') {
      await expect(dialog.getByRole('progressbar')).toBeVisible()
      await expect(dialog.getByRole('status').filter({ hasText: 'Packing' })).toBeVisible()
    }
    await route.continue()
  })
  await page.keyboard.press('Enter')
  await expect(page.getByText('Made the template lesson-1.', { exact: true })).toBeVisible()
  await page.unroute(held)
  const { body: templates } = await ann.call('GET', '/api/v1/templates')
  expect(templates.templates.map((one: { name: string }) => one.name)).toContain('lesson-1')

  await act('lesson 1', 'New sandbox')
  made.push(await leaveTo(() => confirm('New sandbox')))
  await expect(dialog).toHaveCount(0)
  await terminal.type('cat file; echo se""en\n')
  await terminal.sees(/^first$/m)

  await terminal.open(sandbox.id)
  await terminal.type('echo second > file; sync; echo wri""tten\n')
  await terminal.sees(/^written$/m)
  await menu('Snapshots')
  await act('lesson 1', 'Restore')
  await confirm('Restore')
  await expect(row('before restore')).toBeVisible()
  await expect(row('lesson 1').getByText('Origin')).toBeVisible()
  await dialog.getByRole('button', { name: 'Close' }).click()
  await expect
    .poll(async () => (await ann.call('GET', `/api/v1/sandboxes/${sandbox.id}/files?path=file`)).body)
    .toBe('first\n')

  made.push(await leaveTo(() => menu('Fork')))
  for (const id of made) await ann.call('DELETE', `/api/v1/sandboxes/${id}`)
  await ann.call('DELETE', '/api/v1/templates/lesson-1')
  await terminal.open(sandbox.id)
  await menu('Snapshots')
  for (const name of ['before restore', 'lesson 1']) {
    await row(name).getByRole('button').click()
    await page.getByRole('menuitem', { name: 'Delete snapshot' }).click()
    await confirm('Delete snapshot')
    await expect(row(name)).toHaveCount(0)
  }
})
