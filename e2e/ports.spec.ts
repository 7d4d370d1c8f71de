import { expect, test } from './test.js'

test('a port is opened from the workspace, and shared by a link that is taken back', async ({
  annPage: page,
  terminal,
  sandbox,
  browser,
  mayComplain,
}) => {
  mayComplain(/401|favicon/)
  await terminal.open(sandbox.id)
  await terminal.type('python3 -m http.server 8000 --bind 127.0.0.1 > /dev/null 2>&1 &\n')
  await page.getByRole('button', { name: 'Ports: 8000' }).click()
  const opened = page.waitForEvent('popup')
  await page.getByRole('menuitem', { name: 'Open port 8000' }).click()
  const preview = await opened
  await expect(preview.getByRole('heading', { name: 'Directory listing for /' })).toBeVisible()
  const address = preview.url()
  expect(new URL(address).host).toMatch(/^8000-\w{20}\.localhost:\d+$/)

  const stranger = await browser.newContext()
  const visitor = await stranger.newPage()
  await visitor.goto(address)
  await expect(visitor.getByRole('heading', { name: 'Sign in' })).toBeVisible()
  await page.getByRole('button', { name: 'Ports: 8000' }).click()
  await page.getByRole('menuitem', { name: 'Share by a link' }).click()
  await expect(page.getByText('Anyone with the link can open port 8000').first()).toBeVisible()
  await visitor.goto(address)
  await expect(visitor.getByRole('heading', { name: 'Directory listing for /' })).toBeVisible()
  await page.getByRole('button', { name: 'Ports: 8000' }).click()
  await page.getByRole('menuitem', { name: 'Stop sharing' }).click()
  await expect(async () => {
    await visitor.goto(address)
    await expect(visitor.getByRole('heading', { name: 'Sign in' })).toBeVisible({ timeout: 1000 })
  }).toPass()
  await stranger.close()
})
