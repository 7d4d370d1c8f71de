import { expect, test } from './test.js'

test('without a connection the page says so, asks again by itself, and shows what happened meanwhile', async ({
  annPage: page,
  ann,
  sandbox,
  mayComplain,
}) => {
  mayComplain(/ERR_INTERNET_DISCONNECTED/)
  await page.goto('/sandboxes')
  await expect(page.getByRole('link', { name: sandbox.name })).toBeVisible()
  const banner = page.getByRole('region', { name: 'Connection' })
  await expect(banner).toBeHidden()
  let tries = 0
  page.on('request', (request) => {
    if (request.url().endsWith('/healthz')) tries++
  })
  await page.context().setOffline(true)
  await expect(banner).toContainText('Cannot reach Cloche')
  await expect(banner).toContainText(/Retrying( in \d+ s\.|…)/)
  await expect.poll(() => tries).toBeGreaterThan(2)
  await expect(page.getByRole('link', { name: sandbox.name })).toBeVisible()

  const made = await ann.call('POST', '/api/v1/sandboxes', { name: 'made meanwhile', limits: small })
  await page.context().setOffline(false)
  await expect(banner).toBeHidden()
  await expect(page.getByRole('link', { name: 'made meanwhile' })).toBeVisible()
  await ann.call('DELETE', `/api/v1/sandboxes/${made.body.id}`, {})
})

test('a server that comes back is found without a word from the browser, also by a page that has nothing yet', async ({
  annPage: page,
  sandbox,
  mayComplain,
}) => {
  mayComplain(/ERR_FAILED/)
  await page.goto('/usage')
  await expect(page.getByRole('heading', { name: 'Usage', level: 1 })).toBeVisible()
  await page.route(/\/api\/v1\/|\/healthz$/, (route) => route.abort())
  await page.getByRole('link', { name: 'Sandboxes' }).click()
  const failed = page.getByRole('alert').filter({ hasText: 'Could not be loaded' })
  await expect(failed).toContainText(/Retrying( in \d+ s\.|…)/)
  await expect(page.getByRole('region', { name: 'Connection' })).toBeVisible()
  await page.unroute(/\/api\/v1\/|\/healthz$/)
  await expect(page.getByRole('link', { name: sandbox.name })).toBeVisible()
  await expect(page.getByRole('region', { name: 'Connection' })).toBeHidden()
})

const small = { cpus: 0.5, memoryMiB: 128, diskMiB: 64, pids: 64 }
