import { expect, test } from './test.js'

test('pages have an icon and a manifest', async ({ annPage: page }) => {
  await page.goto('/sandboxes')
  const icons = page.locator('head link[rel~=icon], head link[rel=apple-touch-icon], head link[rel=manifest]')
  const addresses = await icons.evaluateAll((links) => links.map((link) => link.getAttribute('href') ?? ''))
  expect(addresses.map((address) => address.split('?')[0])).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/favicon\.ico$/),
      expect.stringMatching(/\.svg$/),
      expect.stringMatching(/\.png$/),
      expect.stringMatching(/\.webmanifest$/),
    ]),
  )
  for (const address of [...addresses, '/favicon.ico', '/icon.svg', '/apple-icon.png']) {
    expect((await page.request.get(address)).status(), address).toBe(200)
  }
  const manifest = await (await page.request.get('/manifest.webmanifest')).json()
  expect(manifest).toMatchObject({ name: 'Cloche', start_url: '/sandboxes' })
})
