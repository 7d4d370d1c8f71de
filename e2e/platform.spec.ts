import type { Page } from '@playwright/test'
import { expect, test } from './test.js'

/** What the program in the terminal gets of the key `å`, which is Option and A on a Mac's keyboard. */
async function pressOption(page: Page): Promise<void> {
  await page.getByRole('textbox', { name: 'Terminal input' }).evaluate((element) => {
    const key = { key: 'å', code: 'KeyA', keyCode: 65, altKey: true, bubbles: true, cancelable: true }
    const down = new KeyboardEvent('keydown', key)
    element.dispatchEvent(down)
    // What the browser does next with a key that nobody took.
    if (!down.defaultPrevented) {
      element.dispatchEvent(new KeyboardEvent('keypress', { ...key, keyCode: 229, charCode: 229 }))
    }
  })
}

test('on a Mac, Option types characters, and is Meta for whoever wants that', async ({
  annPage: page,
  terminal,
  sandbox,
}) => {
  await page.addInitScript(() => {
    Object.defineProperty(navigator, 'platform', { get: () => 'MacIntel' })
  })
  await terminal.open(sandbox.id)
  const read = (name: string) =>
    terminal.run(
      `echo ready-${name}; IFS= read -rsd x k; printf '${name} %q\\n' "$k"`,
      new RegExp(`^ready-${name}$`, 'm'),
    )
  await read('character')
  await pressOption(page)
  await page.keyboard.type('x')
  await terminal.sees(/^character (å|\$'\\303\\245')$/m)

  await page.getByRole('button', { name: 'Terminal settings' }).click()
  await page.getByRole('menuitem', { name: 'Option as Meta: off' }).click()
  await read('meta')
  await pressOption(page)
  await page.keyboard.type('x')
  await terminal.sees(/^meta \$'\\Ea'$/m)

  expect(await page.evaluate(() => localStorage.getItem('cloche-terminal'))).toContain('"optionIsMeta":true')
})

test('on Linux, a middle click has its text input below the pointer, where the browser pastes', async ({
  annPage: page,
  terminal,
  sandbox,
}) => {
  await page.addInitScript(() => {
    Object.defineProperty(navigator, 'platform', { get: () => 'Linux x86_64' })
  })
  await terminal.open(sandbox.id)
  const screen = await page.locator('.xterm-screen').boundingBox()
  if (!screen) throw new Error('there is no screen')
  const [x, y] = [screen.x + 200, screen.y + 100]
  // Looked at where the browser pastes: when the click has been dealt with. The next drawing puts the input back.
  const below = page.evaluate(
    () =>
      new Promise<string>((resolve) => {
        document.addEventListener(
          'auxclick',
          ({ clientX, clientY }) => resolve(document.elementFromPoint(clientX, clientY)?.className ?? ''),
          { once: true },
        )
      }),
  )
  await page.evaluate(() => {}) // the listener is there
  await page.mouse.click(x, y, { button: 'middle' })
  await expect(page.getByRole('textbox', { name: 'Terminal input' })).toBeFocused()
  expect(await below).toContain('xterm-helper-textarea')
})
