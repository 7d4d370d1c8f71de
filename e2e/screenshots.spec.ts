import { launchOptions } from './browser.js'
import { TerminalView } from './terminal-view.js'
import { expect, test } from './test.js'

test.use({ launchOptions: launchOptions({ webgl: true }) })

/** Makes docs/images anew: CLOCHE_SCREENSHOTS=1 bin/test e2e/screenshots */
const growth = `beds = {"vine": 56, "fern": 30, "moss": 7}
for name, cm in beds.items():
    print(f"{name:>6} \\x1b[42m{' ' * cm}\\x1b[0m {cm} cm")
`
const commands = [
  'cd garden && git init -q && git add . && git commit -qm "Plot the beds" && clear',
  'git log --oneline --stat',
  'python3 growth.py',
  'nproc; free -m | head -2',
]

test('pictures of the documentation', async ({ annPage: page, ann, pageOf, instance }) => {
  const limits = { cpus: 1, memoryMiB: 512, diskMiB: 1024, pids: 256 }
  const ids: string[] = []
  for (const name of ['data-notebook', 'lesson-7', 'web-server']) {
    ids.push((await ann.call('POST', '/api/v1/sandboxes', { name, limits })).body.id)
  }
  const [id = ''] = ids
  const file = Buffer.from(growth).toString('base64')
  const command = `mkdir garden && echo ${file} | base64 -d > garden/growth.py && git config --global user.email ann@example.org && git config --global user.name Ann`
  await ann.call('POST', `/api/v1/sandboxes/${id}/exec`, { command })

  await page.emulateMedia({ colorScheme: 'dark' })
  const terminal = await TerminalView.of(page)
  await terminal.open(id)
  for (const line of commands) {
    await terminal.run(line, /\$\s*$/)
    await page.waitForTimeout(1000)
  }
  await page.getByRole('treeitem', { name: 'garden' }).click()
  await page.getByRole('treeitem', { name: 'growth.py' }).click()
  await expect(page.locator('.cm-content')).toContainText('beds')
  await page.waitForTimeout(3000) // meters have a reading
  await page.screenshot({ path: 'docs/images/workspace.png' })

  await ann.call('POST', `/api/v1/sandboxes/${ids[2]}/pause`, {})
  const dashboard = await pageOf(instance.ann.cookie)
  await dashboard.emulateMedia({ colorScheme: 'light' })
  await dashboard.goto('/sandboxes')
  await expect(dashboard.getByRole('link', { name: 'web-server' })).toBeVisible()
  await dashboard.waitForTimeout(5000)
  await dashboard.screenshot({ path: 'docs/images/dashboard.png' })
  for (const one of ids) await ann.call('DELETE', `/api/v1/sandboxes/${one}`, {})
})
