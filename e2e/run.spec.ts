import { expect, test } from './test.js'

test('one key runs the project in a terminal, again from its beginning, and shows the port that it opens', async ({
  annPage: page,
  terminal,
  sandbox,
  ann,
  mayComplain,
}) => {
  mayComplain(/401|favicon|localStorage/)
  const inside = async (command: string) =>
    (await ann.call('POST', `/api/v1/sandboxes/${sandbox.id}/exec`, { command })).body.stdout
  await terminal.open(sandbox.id)
  const tabs = page.getByRole('tablist', { name: 'Terminals' }).getByRole('tab')
  await page.keyboard.press('Control+F5')
  await expect(page.getByText(/Nothing here says how it is run/).first()).toBeVisible()
  await expect(tabs).toHaveCount(1)

  // The starter of the template: what its Makefile says.
  await inside('cp -rn /usr/share/cloche/starter/. .')
  await page.keyboard.press('Control+F5')
  await expect(page.getByRole('tab', { name: /^Run/ })).toHaveAttribute('aria-selected', 'true')
  await terminal.sees(/^\$ make run\n[\s\S]*Hello from .*\n[\s\S]*Processors/m)

  // A folder below, whose file is being written, comes first; what was typed a moment ago is what runs.
  await inside('mkdir site && echo "print(1)" > site/main.py')
  await page.keyboard.press('Control+Shift+KeyP')
  const palette = page.getByRole('dialog', { name: 'Go to a file or a command' })
  await expect(palette.getByRole('combobox')).toBeFocused()
  await page.keyboard.press('Backspace')
  await page.keyboard.type('site/main')
  await expect(palette.getByRole('option', { name: /main\.py/ })).toBeVisible()
  await page.keyboard.press('Enter')
  await expect(page.locator('.cm-content')).toBeFocused()
  await page.keyboard.press('Control+KeyA')
  await page.keyboard.type(
    'from http.server import *; ThreadingHTTPServer(("127.0.0.1", 8123), SimpleHTTPRequestHandler).serve_forever()',
  )
  await page.keyboard.press('F5')
  await expect(tabs).toHaveCount(2)
  const app = page.frameLocator('iframe').getByRole('link', { name: 'main.py' })
  await expect(app).toBeVisible()
  const pid = await inside('pgrep -f "^python3 main.py"')
  await page.getByRole('button', { name: 'Run the project' }).click()
  await expect.poll(async () => (await inside('pgrep -f "^python3 main.py"')).trim()).not.toMatch(pid.trim())
  await expect(tabs).toHaveCount(2)
  await expect(app).toBeVisible()
})
