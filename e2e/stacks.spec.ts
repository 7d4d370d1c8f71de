import { answer, expect, test } from './test.js'

const small = 'cpus: 0.1, mem_limit: 64m, storage_opt: {size: 64m}'
const compose = `services:
  db: {image: base, command: "sh -c 'echo \\"<b>ready</b>\\"; exec sleep 999'", ${small}}
  web: {image: base, command: python3 -m http.server 8000, ports: [8000], depends_on: [db], ${small}}
`

test('a stack is shown with its services, previews and logs, stopped, started and deleted', async ({
  annPage: page,
  ann,
}) => {
  const row = (name: string) =>
    page.getByRole('region', { name: 'Services' }).getByRole('row').filter({ hasText: name })
  await page.goto('/stacks')
  await expect(page.getByText('No stacks yet')).toBeVisible()
  const made = await ann.call('POST', '/api/v1/stacks', { name: 'shop', compose })
  expect(made.status).toBe(201)
  await page.getByRole('link', { name: 'shop' }).click()
  await expect(row('db')).toContainText('Running')
  await expect(row('web').getByRole('link', { name: 'Port 8000' })).toHaveAttribute('href', /^http:\/\/8000-/)
  await expect(page.getByLabel('Logs').last()).toContainText('db   <b>ready</b>')
  await page.getByRole('button', { name: 'Stop' }).click()
  await expect(row('web')).toContainText('Stopped', { timeout: 20_000 })
  await page.getByRole('button', { name: 'Start' }).click()
  await expect(row('web')).toContainText('Running', { timeout: 20_000 })
  await page.getByRole('button', { name: 'Delete stack' }).click()
  await answer(page, 'Delete stack')
  await expect(page.getByText('No stacks yet')).toBeVisible({ timeout: 20_000 })
})
