import { expect, test } from './test.js'

test('what is pasted presses no keys, and keys that undo reach the program', async ({
  annPage: page,
  terminal,
  sandbox,
}) => {
  const { keyboard } = page
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await terminal.open(sandbox.id)
  const input = page.getByRole('textbox', { name: 'Terminal input' })
  await input.evaluate((element, text) => {
    const clipboardData = new DataTransfer()
    clipboardData.setData('text/plain', text)
    element.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
  }, 'echo one\x1b[201~\necho ran-$((1+1))\n')
  await terminal.sees(/echo ran-\$\(\(1\+1\)\)/)
  await keyboard.press('Control+c')
  await terminal.run('echo after-$((2+3))', /^after-5$/m)
  expect(await terminal.text()).not.toMatch(/^ran-2$/m)

  for (const [key, name] of [
    ['Control+/', 'slash'],
    ['Control+Shift+Minus', 'underscore'],
  ] as const) {
    await terminal.run(
      `echo ready-${name}; IFS= read -rsn1 k; printf '${name} %q\\n' "$k"`,
      new RegExp(`^ready-${name}$`, 'm'),
    )
    await keyboard.press(key)
    await terminal.sees(new RegExp(`^${name} \\$'\\\\037'$`, 'm'))
  }

  // Copying nothing leaves the clipboard as it is; copying something does not.
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText())
  await page.evaluate(() => navigator.clipboard.writeText('mine'))
  await keyboard.press('Control+Shift+c')
  await terminal.run('echo copied-$((1+1))', /^copied-2$/m)
  expect(await clipboard()).toBe('mine')
  await page
    .locator('.xterm-screen')
    .first()
    .dblclick({ position: { x: 20, y: 10 } })
  await keyboard.press('Control+Shift+c')
  await expect.poll(clipboard).not.toBe('mine')
})
