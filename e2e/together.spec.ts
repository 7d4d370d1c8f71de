import type { Browser } from '@playwright/test'
import { password, type Shared } from './shared.js'
import { TerminalView } from './terminal-view.js'
import { answer, expect, test } from './test.js'

let guests = 0

/** A page in a browser of its own, of somebody who signed up by the link and has opened the sandbox. */
async function guestAt(browser: Browser, instance: Shared, link: string) {
  const context = await browser.newContext({ baseURL: instance.url })
  const page = await context.newPage()
  const view = await TerminalView.of(page)
  await page.goto(link)
  await expect(page.getByRole('heading', { name: 'Open a shared sandbox' })).toBeVisible()
  await page.getByRole('link', { name: 'Create an account' }).click()
  await page.getByLabel('Name').fill('Gus')
  await page.getByLabel('Email').fill(`gus${++guests}-${Date.now()}@example.test`)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Create account' }).click()
  await page.getByRole('button', { name: /^Open / }).click()
  await expect(page).toHaveURL(/\/sandboxes\/sb_/)
  return { context, page, view }
}

test('a link to look: the guest sees terminal and files, has nothing to type with, and is cut off when it is stopped', async ({
  annPage: page,
  ann,
  terminal,
  browser,
  instance,
  sandbox,
}) => {
  await ann.call('PUT', `/api/v1/sandboxes/${sandbox.id}/files?path=plan.txt`, 'by-ann\n')
  await page.goto(`/sandboxes/${sandbox.id}`)
  await terminal.sees(/\$/)
  await page.getByRole('button', { name: 'Share', exact: true }).click()
  const dialog = page.getByRole('dialog')
  await expect(dialog.getByText('Not shared with anybody')).toBeVisible()
  await dialog.getByRole('button', { name: 'Share', exact: true }).click()
  const link = await dialog.getByRole('textbox', { name: 'Link' }).inputValue()
  expect(link).toMatch(/\/join\/sandbox#.{20,}$/)
  await page.keyboard.press('Escape')

  const { context, page: guest, view: looking } = await guestAt(browser, instance, link)
  await expect(guest.getByText('You can look, not type').first()).toBeVisible()
  await expect(guest.getByRole('button', { name: 'Share', exact: true })).toHaveCount(0)
  await expect(guest.getByRole('button', { name: 'New terminal' })).toBeDisabled()
  await expect(guest.getByRole('button', { name: 'Source control' })).toHaveCount(0)
  await page.bringToFront()
  await terminal.type('echo "for-"guests\n')
  await looking.sees(/for-guests/)
  await guest.bringToFront()
  await looking.type('echo "by-"gus\n')
  await expect(guest.getByRole('button', { name: 'New file' })).toHaveCount(0)
  await guest.getByRole('treeitem', { name: /plan.txt/ }).dblclick()
  const text = guest.getByRole('textbox', { name: /plan.txt/ })
  await expect(text).toContainText('by-ann')
  await text.click()
  await guest.keyboard.type('gus was here')
  await expect(text).not.toContainText('gus')
  await page.bringToFront()
  await terminal.type('echo "and-"then\n')
  await terminal.sees(/and-then/)
  expect(await terminal.text()).not.toContain('by-gus')

  await page.getByRole('button', { name: 'Share', exact: true }).click()
  await page.getByRole('button', { name: 'Stop this share' }).click()
  await answer(page, 'Stop')
  await guest.bringToFront()
  await expect(guest.getByRole('heading', { name: 'not shared with you any more' })).toBeVisible()
  await context.close()
})

test('a link to type: the guest types in the same terminal, and finds the sandbox in their list', async ({
  annPage: page,
  ann,
  terminal,
  browser,
  instance,
  sandbox,
}) => {
  const path = `/api/v1/sandboxes/${sandbox.id}/shares`
  const { body } = await ann.call('POST', path, { level: 'type' })
  await page.goto(`/sandboxes/${sandbox.id}`)
  await terminal.sees(/\$/)
  const { context, page: guest, view: typing } = await guestAt(browser, instance, body.url)
  await expect(guest.getByText('Shared with you')).toBeVisible()
  await typing.sees(/\$/)
  await typing.type('echo "typed-"by-gus\n')
  await terminal.sees(/typed-by-gus/)
  // Who may type opens the app of the sandbox, until the port is for the tenant alone.
  await typing.type(
    'mkdir app && echo by-the-app > app/index.html && python3 -m http.server --bind 127.0.0.1 -d app 8000 &\n',
  )
  await guest.getByRole('button', { name: 'Ports: 8000' }).click()
  await expect(guest.getByRole('menuitem', { name: 'Open port 8000' })).toBeVisible()
  await expect(guest.getByRole('menuitem', { name: /^Share/ })).toHaveCount(0)
  await guest.getByRole('menuitem', { name: 'Show beside the editor' }).click()
  const preview = guest.getByRole('region', { name: 'Preview' })
  await expect(preview.frameLocator('iframe').getByText('by-the-app')).toBeVisible()
  await ann.call('PUT', `/api/v1/sandboxes/${sandbox.id}/ports/8000`, { visibility: 'tenant' })
  await preview.getByRole('button', { name: 'Reload preview' }).click()
  await expect(preview.frameLocator('iframe').getByText('for members of the tenant only')).toBeVisible()
  await preview.getByRole('button', { name: 'Close preview' }).click()
  // Each sees who else is there, and in which file.
  await ann.call('PUT', `/api/v1/sandboxes/${sandbox.id}/files?path=notes.txt`, 'notes\n')
  await guest.getByRole('treeitem', { name: /notes.txt/ }).click()
  const others = page.getByRole('list', { name: 'Also in this workspace' })
  await expect(others.getByText('Gus, in notes.txt')).toBeAttached()
  await expect(page.getByRole('treeitem', { name: /notes.txt.*Open at Gus/ })).toBeVisible()
  await expect(guest.getByRole('list', { name: 'Also in this workspace' }).getByText(/^ann/)).toBeAttached()
  await guest.goto('/sandboxes')
  const received = guest.getByRole('region', { name: 'Shared with you' })
  await expect(received.getByRole('link', { name: sandbox.name })).toBeVisible()
  await expect(others).toHaveCount(0)
  // What they may is changed, and they leave.
  await page.getByRole('button', { name: 'Share', exact: true }).click()
  await page.getByLabel(/^What they can do: Gus/).selectOption('look')
  await expect(received.getByText(/^Look, until/)).toBeVisible({ timeout: 40_000 })
  await received.getByRole('button', { name: `Leave ${sandbox.name}` }).click()
  await answer(guest, 'Leave')
  await expect(received).toHaveCount(0)
  await context.close()
})

test("somebody's view is followed until a key; a terminal of another size is shown whole", async ({
  annPage: page,
  ann,
  terminal,
  browser,
  instance,
  sandbox,
}) => {
  const lines = Array.from({ length: 400 }, (_, at) => `line ${at + 1}`).join('\n')
  await ann.call('PUT', `/api/v1/sandboxes/${sandbox.id}/files?path=long.txt`, lines)
  const { body } = await ann.call('POST', `/api/v1/sandboxes/${sandbox.id}/shares`, { level: 'look' })
  await page.goto(`/sandboxes/${sandbox.id}`)
  await terminal.sees(/\$/)
  const { context, page: guest, view } = await guestAt(browser, instance, body.url)
  await view.sees(/\$/)
  const fonts = () => guest.locator('.xterm-screen').evaluate(({ clientWidth }) => clientWidth)

  // The guest's window is smaller than the terminal, which keeps its size.
  const before = await fonts()
  await guest.setViewportSize({ width: 700, height: 500 })
  await expect.poll(fonts).toBeLessThan(before)
  const place = guest.locator('.xterm')
  await expect
    .poll(async () => (await fonts()) <= (await place.evaluate(({ clientWidth }) => clientWidth)))
    .toBe(true)
  await guest.setViewportSize({ width: 1280, height: 720 })

  await guest.getByRole('button', { name: /^Follow: ann/ }).click()
  await expect(guest.getByText('Following ann')).toBeVisible()
  await page.getByRole('treeitem', { name: /long.txt/ }).click()
  // Not the first line: her cursor, with her name, stands in it as soon as both show the file.
  await expect(guest.getByText('line 2', { exact: true })).toBeVisible()
  await page.getByRole('textbox', { name: /long.txt/ }).click()
  await page.keyboard.press('Control+End')
  await expect(guest.getByText('line 398', { exact: true })).toBeVisible()
  await page.keyboard.press('Control+Home')
  await expect(guest.getByText('line 2', { exact: true })).toBeVisible()
  await guest.keyboard.press('Escape')
  await expect(guest.getByText('Following ann')).toHaveCount(0)
  await page.keyboard.press('Control+End')
  await expect(page.getByText('line 398', { exact: true })).toBeVisible()
  await expect(guest.getByText('line 2', { exact: true })).toBeVisible()
  await context.close()
})
