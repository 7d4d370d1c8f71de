import pg from 'pg'
import { expect, test } from './test.js'

test('what happens to a sandbox elsewhere is seen at once, and can be answered', async ({
  annPage: page,
  terminal,
  sandbox,
  ann,
}) => {
  const elsewhere = (verb: string) => ann.call('POST', `/api/v1/sandboxes/${sandbox.id}/${verb}`, {})
  const panel = page.getByRole('region', { name: 'State of the sandbox' })
  await terminal.open(sandbox.id)
  await terminal.type('echo half a li')

  await elsewhere('pause')
  await expect(panel).toContainText('Paused')
  await panel.getByRole('button', { name: 'Resume' }).click()
  await expect(panel).toBeHidden()
  await terminal.run('ne', /^half a line$/m)

  await elsewhere('stop')
  await expect(panel).toContainText('Your files are kept')
  await panel.getByRole('button', { name: 'Start' }).click()
  await expect(panel).toBeHidden()
  await terminal.prompt()
  await terminal.run('echo again $((1+1))', /^again 2$/m)

  await ann.call('DELETE', `/api/v1/sandboxes/${sandbox.id}`, {})
  await expect(page.getByRole('heading', { name: 'This sandbox was deleted' })).toBeVisible()
})

test('what is paused when it is opened has its first terminal once it runs', async ({
  annPage: page,
  terminal,
  sandbox,
  ann,
}) => {
  await ann.call('POST', `/api/v1/sandboxes/${sandbox.id}/pause`, {})
  const listed = page.waitForResponse((answer) => answer.url().endsWith('/terminals'))
  await page.goto(`/sandboxes/${sandbox.id}`)
  const panel = page.getByRole('region', { name: 'State of the sandbox' })
  await expect(panel).toContainText('Paused')
  await listed
  await expect(page.getByRole('tab')).toHaveCount(0)
  await expect(page.getByText('Could not open')).toHaveCount(0)
  await panel.getByRole('button', { name: 'Resume' }).click()
  await terminal.prompt()
  await expect(page.getByRole('tab')).toHaveCount(1)
})

test('one that fell asleep wakes when its page is opened', async ({
  annPage: page,
  terminal,
  sandbox,
  ann,
  instance,
}) => {
  await ann.call('PATCH', `/api/v1/sandboxes/${sandbox.id}`, { idle: { pauseAfterSeconds: 60 } })
  const client = new pg.Client(
    `postgresql://cloche@localhost/cloche?host=/run/cloche/${instance.name}/postgres`,
  )
  await client.connect()
  await expect(async () => {
    // As if nothing had used it for an hour.
    await client.query(`UPDATE sandbox SET "activeAt" = "activeAt" - interval '1 hour' WHERE id = $1`, [
      sandbox.id,
    ])
    const { body } = await ann.call('GET', `/api/v1/sandboxes/${sandbox.id}`)
    expect(body.asleep).toBe('paused')
  }).toPass({ timeout: 40_000 })
  await client.end()
  await page.goto('/sandboxes')
  await expect(page.getByRole('listitem').filter({ hasText: sandbox.name })).toContainText('Asleep')
  await page.goto(`/sandboxes/${sandbox.id}`)
  await terminal.prompt()
  await expect(page.getByText('Running', { exact: true })).toBeVisible()
})

test('a program that ends leaves its text and a way on', async ({ annPage: page, terminal, sandbox }) => {
  await terminal.open(sandbox.id)
  await terminal.type('echo last words; exit 3\n')
  await expect(page.getByText('The program exited with code 3.')).toBeVisible()
  await terminal.sees(/^last words$/m)
  await page.getByRole('button', { name: 'New terminal' }).last().click()
  await expect(page.getByRole('tab')).toHaveCount(2)
  await terminal.prompt()
})

test('name, limits and network are changed while it runs', async ({
  annPage: page,
  terminal,
  sandbox,
  ann,
}) => {
  await terminal.open(sandbox.id)
  await page.getByRole('button', { name: 'More actions' }).click()
  await page.getByRole('menuitem', { name: 'Edit' }).click()
  const dialog = page.getByRole('dialog', { name: 'Edit sandbox' })
  await dialog.getByLabel('Name').fill('changed box')
  await dialog.getByRole('radio', { name: 'Custom' }).click()
  await dialog.getByLabel('Processes').fill('77')
  await dialog.getByRole('radio', { name: 'Allowlist' }).click()
  await dialog.getByLabel('Host names').fill('*.example.org')
  await expect(dialog).toContainText('wildcards are not supported')
  await dialog.getByLabel('Host names').fill('deb.example.org')
  await dialog.getByRole('button', { name: 'Save changes' }).click()
  await expect(dialog).toBeHidden()
  await expect(page).toHaveTitle('changed box · Cloche')
  const { body } = await ann.call('GET', `/api/v1/sandboxes/${sandbox.id}`)
  expect(body).toMatchObject({
    name: 'changed box',
    limits: { pids: 77 },
    network: { allow: ['deb.example.org'] },
  })
  await terminal.run('echo still here', /^still here$/m)
})
