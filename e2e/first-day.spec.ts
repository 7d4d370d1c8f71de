import { io } from 'socket.io-client'
import { launchOptions } from './browser.js'
import { password } from './shared.js'
import { TerminalView } from './terminal-view.js'
import { answer, expect, test } from './test.js'

test.use({ launchOptions: launchOptions({ webgl: true }) })

test('sign in, create, type, come back to the same terminal; closed to another tenant; delete', async ({
  page,
  instance,
  ben,
  pageOf,
}) => {
  await page.goto('/sandboxes')
  await expect(page).toHaveURL(/\/sign-in\?next=%2Fsandboxes$/)
  await page.getByLabel('Email').fill(instance.ann.email)
  await page.getByLabel('Password').fill('not her password')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('alert').filter({ hasText: /invalid/i })).toBeVisible()
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page).toHaveURL(/\/sandboxes$/)

  const terminal = await TerminalView.of(page)
  await page.reload()
  await page.getByRole('button', { name: 'New sandbox' }).first().click()
  const dialog = page.getByRole('dialog', { name: 'New sandbox' })
  await dialog.getByLabel('Name').fill('first box')
  await dialog.getByRole('radio', { name: /Small/ }).click()
  await expect(dialog.getByText(/Quota remaining/)).toBeVisible()
  await dialog.getByRole('button', { name: 'Create sandbox' }).click()
  await expect(page).toHaveURL(/\/sandboxes\/sb_/)
  await expect(page).toHaveTitle('first box · Cloche')
  const id = page.url().split('/').at(-1) ?? ''

  await terminal.prompt()
  await terminal.run('echo $((6*7))', /^42$/m)
  await terminal.run('seq 300', /^300$/m)
  const before = await terminal.history()
  expect(before).toMatch(/^42$/m)

  await page.reload()
  await terminal.sees(/^300$/m)
  await expect(page.getByRole('tab')).toHaveCount(1)
  expect(await terminal.history()).toBe(before)

  const call = await ben.call('GET', `/api/v1/sandboxes/${id}`)
  expect([call.status, call.body.code]).toEqual([404, 'not_found'])
  expect(await socketAnswer(instance.url, instance.ben.cookie, id)).toBe('not_found')
  const cookies = await page.context().cookies()
  const benPage = await pageOf(instance.ben.cookie)
  await benPage.goto(`/sandboxes/${id}`)
  await expect(benPage.getByRole('heading', { name: 'Sandbox not found' })).toBeVisible()
  await benPage.close()
  await page.context().addCookies(cookies)

  await page.goto('/sandboxes')
  await page.getByRole('button', { name: 'Actions for first box' }).click()
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  await answer(page, 'Delete sandbox')
  await expect(page.getByRole('link', { name: 'first box' })).toBeHidden()
  await expect(page.getByRole('heading', { name: 'No sandboxes yet' })).toBeVisible()
})

/** What the server says to somebody who tries to open a terminal in sandbox `id`. */
function socketAnswer(url: string, cookie: string, id: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const line = io(`${url}/terminals`, {
      ...{ transports: ['websocket'], forceNew: true, reconnection: false },
      extraHeaders: { cookie, origin: url },
    })
    line.once('connect_error', reject)
    line.emit(
      'open',
      { sandboxId: id, cols: 80, rows: 24 },
      (answer: { ok: boolean; error?: { code: string } }) => {
        line.disconnect()
        resolve(answer.ok ? 'opened' : (answer.error?.code ?? ''))
      },
    )
  })
}
