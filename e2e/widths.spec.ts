import { TestClient } from '../testing/client.js'
import { everyPage } from './every-page.js'
import { expectFits } from './fits.js'
import { expect, test } from './test.js'

/** A tablet upright, the narrowest window with the navigation at its side, and a desk. A phone has a test of its own. */
const widths = [820, 1024, 1440]

test('every page has a title of its own, and fits a tablet, a small window and a desk', async ({
  annPage: page,
  ann,
  sandbox,
}) => {
  const key = (await ann.call('POST', '/api/v1/keys', { name: 'a key with a rather long name' })).body
  const named = {
    metadata: { name: 'a run with a rather long name', course: 'Algorithms and data structures' },
  }
  await ann.call('POST', '/api/v1/runs?wait=true', { command: 'true', ...named })
  for (const { path, title } of everyPage) {
    await page.goto(path)
    await expect(page).toHaveTitle(`${title} · Cloche`)
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
    for (const width of widths) {
      await page.setViewportSize({ width, height: 900 })
      await expectFits(page, `${path} at ${width}`)
    }
  }
  await page.goto('/sandboxes')
  await expect(page.getByRole('link', { name: sandbox.name })).toBeVisible()
  await ann.call('DELETE', `/api/v1/keys/${key.id}`)
  const finishedBefore = new Date(Date.now() + 1000).toISOString()
  await ann.call('DELETE', `/api/v1/runs?${new URLSearchParams({ finishedBefore })}`)
})

test("the operator's page fits them too", async ({ pageOf, instance }) => {
  const operator = await TestClient.signIn(instance.url, instance.admin.email, instance.admin.password)
  const page = await pageOf(operator.extraHeaders.cookie ?? '')
  await page.goto('/operator')
  await expect(
    page.getByRole('region', { name: 'Tenants', exact: true }).getByRole('row').nth(1),
  ).toBeVisible()
  for (const width of widths) {
    await page.setViewportSize({ width, height: 900 })
    await expectFits(page, `/operator at ${width}`)
  }
})
