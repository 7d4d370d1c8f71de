import { expect, test } from './test.js'

/** Set by any script that a tenant's text smuggled in. */
const caught = 'window.caught'

test('escape sequences aimed at the browser do nothing', async ({ annPage: page, terminal, sandbox }) => {
  const context = page.context()
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await terminal.open(sandbox.id)
  await page.evaluate(() => navigator.clipboard.writeText('mine'))
  const dialogs: string[] = []
  page.on('dialog', (dialog) => {
    dialogs.push(dialog.message())
    void dialog.dismiss()
  })

  // A link whose text is harmless and whose address is a script, over the whole first line.
  await terminal.run(
    String.raw`clear; printf '\033]8;;javascript:window.caught=1\033\\%0100d\033]8;;\033\\\nlinked\n' 0`,
    /^linked$/m,
  )
  const box = await page.locator('.xterm-screen').boundingBox()
  if (!box) throw new Error('there is no screen')
  await page.mouse.move(box.x + 60, box.y + 8)
  await page.mouse.click(box.x + 60, box.y + 8)
  await page.keyboard.down('Control')
  await page.mouse.click(box.x + 80, box.y + 8)
  await page.keyboard.up('Control')

  // A title that is a script, and what would write to the clipboard (OSC 52), ask for it, or report the title back.
  await terminal.run(
    String.raw`printf '\033]0;<img src=x onerror=window.caught=2>\007\033]52;c;c3RvbGVu\007\033]52;c;?\007\033[21t'; echo titled; read -r`,
    /^titled$/m,
  )
  await expect(page.getByRole('tab')).toContainText('<img src=x onerror=window.caught=2>')
  await terminal.run('\necho quiet', /^quiet$/m)

  expect(await page.evaluate(caught)).toBeUndefined()
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('mine')
  expect([context.pages().length, page.url(), dialogs]).toEqual([1, expect.stringContaining(sandbox.id), []])
  expect(await terminal.text()).not.toMatch(/stolen|window\.caught=2.*\n.*command not found/)
})

test('names of sandboxes, files and processes that are HTML are text', async ({
  annPage: page,
  terminal,
  ann,
}) => {
  const name = '<img src=x onerror=window.caught=3>'
  const { id } = (await ann.call('POST', '/api/v1/sandboxes', { name })).body
  await terminal.open(id)
  await expect(page.getByText(name).first()).toBeVisible()
  await expect(page).toHaveTitle(`${name} · Cloche`)
  await terminal.run(
    `touch '${name}'; ls; bash -c 'exec -a "${name}" sleep 60' & sleep 0.2; cat /proc/$!/cmdline`,
    /=3>.*sleep|=3>60/s,
  )
  const text = await terminal.history()
  expect(text).toContain(name)
  for (const path of ['/sandboxes', '/audit']) {
    await page.goto(path)
    await expect(page.getByText('onerror=window.caught=3').first()).toBeVisible()
  }
  expect(await page.evaluate(caught)).toBeUndefined()
  expect(await page.locator('img').count()).toBe(0)
  await ann.call('DELETE', `/api/v1/sandboxes/${id}`, {})
})
