import { gitServer } from './git-server.js'
import { expect, test } from './test.js'

test('an address opens the form of a sandbox that begins with a repository, whose devcontainer.json is honoured', async ({
  annPage: page,
  ann,
  browser,
  instance,
  mayComplain,
}) => {
  mayComplain(/401|favicon|localStorage/)
  const url = 'http://127.0.0.1:8418/project.git'
  const link = `/new?repository=${encodeURIComponent(url)}`
  const stranger = await browser.newPage()
  await stranger.goto(new URL(link, instance.url).href)
  await expect(stranger).toHaveURL(`${instance.url}/sign-in?next=${encodeURIComponent(link)}`)
  await stranger.close()
  await page.goto(link)
  const form = page.getByRole('dialog', { name: 'New sandbox' })
  await expect(form.getByLabel('Address of the repository')).toHaveValue(url)
  await form.getByLabel('Name', { exact: true }).fill('from a repository')
  await form.getByRole('button', { name: 'Create sandbox' }).click()
  await expect(page).toHaveURL(/\/sandboxes\/sb_/)
  const id = page.url().split('/').at(-1) ?? ''
  const inside = async (command: string) =>
    (await ann.call('POST', `/api/v1/sandboxes/${id}/exec`, { command })).body.stdout
  // There is no server yet: git says so, and nothing is lost by a reload.
  await expect(page.getByText(/Failed to connect|Could not connect/).first()).toBeVisible()
  await inside(gitServer(devcontainer))
  await page.reload()
  const signIn = page.getByRole('dialog', { name: 'Sign in to the repository' })
  await signIn.getByLabel('User name').fill('ann')
  await signIn.getByLabel('Password or token').fill('right-word')
  await page.keyboard.press('Enter')

  const report = page.getByRole('dialog', { name: 'Shop' })
  await expect(report.getByText('1 variable is set in new terminals.')).toBeVisible()
  await expect(report.getByText('image', { exact: true })).toBeVisible()
  await expect(report.getByText('Images and containers are not built', { exact: false })).toBeVisible()
  await expect(report.getByText('customizations.vscode.extensions')).toBeVisible()
  await page.screenshot({ path: '/tmp/tmpl-devcontainer.png' })
  await report.getByRole('button', { name: 'Close' }).last().click()
  await expect(page.getByRole('tab', { name: /^Setup/ })).toBeVisible()
  await expect.poll(() => inside('cat ~/project/made')).toBe('it is /home/user/project\n')
  expect(await inside("bash -ic 'echo $MODE' 2>/dev/null")).toBe('dev $x\n')
  expect(await inside('grep -rsl right-word /home /tmp /root /var | grep -v server.py')).toBe('')
  await page.getByRole('button', { name: 'Ports: 8418' }).click()
  await expect(page.getByRole('menu').getByText(/4321/)).toBeVisible()
  await expect(page.getByRole('menu').getByText(/The shop/)).toBeVisible()
  await page.keyboard.press('Escape')
  await ann.call('DELETE', `/api/v1/sandboxes/${id}`, {})
})

const devcontainer = `{
  // What the page cannot do is listed.
  "name": "Shop",
  "image": "example/image",
  "postCreateCommand": "echo it is $PWD > made",
  "containerEnv": { "MODE": "dev $x" },
  "forwardPorts": [4321],
  "portsAttributes": { "4321": { "label": "The shop" } },
  "customizations": { "vscode": { "extensions": ["a.b"], "settings": { "editor.tabSize": 2 } } },
}`
