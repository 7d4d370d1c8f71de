import type { Locator, Page } from '@playwright/test'
import { answer, expect, test } from './test.js'

test('after every button, menu and dialog the terminal has the focus again', async ({
  annPage: page,
  terminal,
  sandbox,
}) => {
  const { keyboard } = page
  const button = (name: string | RegExp) => page.getByRole('button', { name, exact: true })
  const choose = async (
    menu: string,
    item: string | RegExp,
    role: 'menuitem' | 'menuitemradio' = 'menuitem',
  ) => {
    await button(menu).click()
    await page.getByRole(role, { name: item }).click()
  }
  const settings = 'Terminal settings'
  const gone = (what: Locator) => expect(what).toBeHidden()
  await terminal.open(sandbox.id)

  const actions: Record<string, () => Promise<unknown>> = {
    'pause and resume above': async () => {
      await button('Pause').click()
      await button('Resume').first().click()
      await gone(page.getByRole('region', { name: 'State of the sandbox' }))
    },
    'pause above, resume in the panel': async () => {
      await button('Pause').click()
      await page.getByRole('region', { name: 'State of the sandbox' }).getByRole('button').click()
      await gone(page.getByRole('region', { name: 'State of the sandbox' }))
    },
    'a colour theme': () => choose(settings, 'Solarized dark', 'menuitemradio'),
    'the bell': () => choose(settings, /Visual bell/),
    'a menu that was opened and left': async () => {
      await button(settings).click()
      await keyboard.press('Escape')
    },
    'text as text': async () => {
      await choose(settings, 'View as text')
      await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click()
    },
    shortcuts: async () => {
      await choose(settings, 'Keyboard shortcuts')
      await page.getByRole('dialog').waitFor()
      await keyboard.press('Escape')
    },
    'a tab renamed from the menu': async () => {
      await choose(settings, 'Rename tab')
      await page.getByRole('textbox', { name: 'Terminal name' }).fill('by menu')
      await keyboard.press('Enter')
      await expect(page.getByRole('tab')).toHaveText('by menu')
    },
    'a tab renamed with the mouse': async () => {
      await page.getByRole('tab').dblclick()
      await page.getByRole('textbox', { name: 'Terminal name' }).fill('by mouse')
      await keyboard.press('Enter')
      await expect(page.getByRole('tab')).toHaveText('by mouse')
    },
    'a click on the tab': () => page.getByRole('tab').click(),
    'a sandbox renamed': async () => {
      await choose('More actions', 'Edit')
      await page.getByRole('dialog').getByLabel('Name').fill('renamed box')
      await page.getByRole('dialog').getByRole('button', { name: 'Save changes' }).click()
      await gone(page.getByRole('dialog'))
    },
    'a question that was answered with no': async () => {
      await choose('More actions', 'Delete')
      await answer(page, 'Cancel')
    },
    'a search': async () => {
      await button('Search in the terminal').click()
      await button('Close search').click()
    },
    'another terminal, closed': async () => {
      await button('New terminal').click()
      await terminal.prompt()
      await choose(settings, 'Close terminal')
      await answer(page, 'Close terminal')
      await expect(page.getByRole('tab')).toHaveCount(1)
    },
  }
  for (const [index, [name, act]] of Object.entries(actions).entries()) {
    await act()
    await expect(page.locator('[role=menu], [role=dialog], [role=alertdialog]')).toHaveCount(0)
    await keyboard.type(`clear; echo n${index}-$((${index}+1000))\n`)
    await expect
      .poll(() => terminal.text(), { message: `typed after ${name}`, timeout: 10_000 })
      .toMatch(new RegExp(`^n${index}-${index + 1000}$`, 'm'))
  }

  // By keyboard, Escape goes back to the button, and F2 to the tab.
  await button(settings).focus()
  await keyboard.press('Enter')
  await keyboard.press('Escape')
  await expect(button(settings)).toBeFocused()
  await page.getByRole('tab').focus()
  await keyboard.press('F2')
  await keyboard.press('Enter')
  await expect(page.getByRole('tab')).toBeFocused()
})

test('what is typed before the terminal is there arrives, in order and once', async ({
  annPage: page,
  terminal,
  sandbox,
}) => {
  const list = await gate(page, `**/api/v1/sandboxes/${sandbox.id}/terminals`)
  let letSocket = () => {}
  const socket = new Promise<void>((resolve) => {
    letSocket = resolve
  })
  await page.routeWebSocket(/socket\.io/, (line) => {
    const server = line.connectToServer()
    line.onMessage((message) => void socket.then(() => server.send(message)))
  })
  await page.goto(`/sandboxes/${sandbox.id}`)
  await list.asked
  await page.keyboard.type('echo one-$((1+1))')
  list.open()
  await expect(page.getByRole('tab')).toHaveCount(1)
  await page.keyboard.type('\necho two-$((2+2))')
  letSocket()
  await page.keyboard.type('\necho three-$((3+3))\n')
  await terminal.sees(/^three-6$/m)
  expect((await terminal.text()).match(/^(one|two|three)-\d$/gm)).toEqual(['one-2', 'two-4', 'three-6'])
})

/** Holds calls to `url` back until it is opened. */
async function gate(page: Page, url: string): Promise<{ asked: Promise<void>; open: () => void }> {
  let open = () => {}
  let seen = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  const asked = new Promise<void>((resolve) => {
    seen = resolve
  })
  await page.route(url, async (route) => {
    seen()
    await opened
    await route.continue()
  })
  return { asked, open }
}
