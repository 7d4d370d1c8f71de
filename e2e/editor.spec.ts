import { AxeBuilder } from '@axe-core/playwright'
import type { Locator, Page } from '@playwright/test'
import type { TestClient } from '../testing/client.js'
import { expectFits } from './fits.js'
import { expect, test } from './test.js'

const item = (page: Page, name: string) => page.getByRole('treeitem', { name, exact: true })
const editor = (page: Page) => page.locator('.cm-content')
const state = (page: Page, text: string) =>
  page.getByRole('region', { name: 'Editor' }).getByRole('status').getByText(text, { exact: true })

/** Runs a command in the sandbox, beside the page. */
const shell = (ann: TestClient, id: string) => async (command: string) =>
  (await ann.call('POST', `/api/v1/sandboxes/${id}/exec`, { command })).body.stdout

test('a file is edited and saved by itself; a change on the disk is shown, and never overwritten unasked', async ({
  annPage: page,
  terminal,
  sandbox,
  ann,
  mayComplain,
}) => {
  mayComplain(/status of 412/)
  const run = shell(ann, sandbox.id)
  await run(
    `printf 'import os\\r\\nprint(1)\\r\\n' > main.py; printf 'a\\0b' > blob; truncate -s 6M large.txt`,
  )
  await terminal.open(sandbox.id)
  await item(page, 'main.py').click()
  await expect(editor(page)).toBeFocused()
  await expect(page.locator('.cm-line').first().locator('span').first()).toHaveText('import')
  await expect(page.getByText('Python', { exact: true })).toBeVisible()
  await page.keyboard.press('Control+End')
  await page.keyboard.type('print(2)')
  await expect(state(page, 'Saved')).toBeVisible()
  expect(await run('cat main.py')).toBe('import os\r\nprint(1)\r\nprint(2)')

  // Clean, it follows the disk; with unsaved text, it asks.
  await run('echo "x = 1" > main.py')
  await page.evaluate(() => window.dispatchEvent(new Event('focus')))
  await expect(editor(page)).toHaveText('x = 1')
  await meet(
    page,
    () => run('echo "y = 2" > main.py'),
    page.getByText('main.py was changed by something else.'),
  )
  expect(await run('cat main.py')).toBe('y = 2\n')
  const axe = new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
  expect((await axe.analyze()).violations.map(({ id, nodes }) => `${id} ${nodes[0]?.html}`)).toEqual([])
  await page.getByRole('button', { name: 'Keep editing' }).click()
  await page.keyboard.type('!')
  await expect.poll(() => kept(page)).toContain('mine!')

  // Unsaved text outlives a reload, and still does not overwrite.
  page.on('dialog', (dialog) => void dialog.accept())
  await page.reload()
  await expect(editor(page)).toContainText('mine!')
  await page.getByRole('button', { name: 'Compare' }).click()
  const compare = page.getByRole('region', { name: 'Compare' })
  await expect(compare.getByRole('textbox', { name: 'On the disk' })).toContainText('y = 2')
  await expect(compare.getByRole('textbox', { name: 'Your text' })).toContainText('mine!')
  await compare.getByRole('button', { name: 'Take from the disk' }).click()
  await expect(compare.getByRole('textbox', { name: 'Your text' })).not.toContainText('mine!')
  await compare.getByRole('textbox', { name: 'Your text' }).press('Control+End')
  await page.keyboard.type('# merged')
  // Whoever writes meanwhile is not overwritten either.
  await run('echo "z = 3" > main.py')
  await compare.getByRole('button', { name: 'Save your text' }).click()
  await expect(compare.getByRole('textbox', { name: 'On the disk' })).toContainText('z = 3')
  expect(await run('cat main.py')).toBe('z = 3\n')
  await compare.getByRole('button', { name: 'Save your text' }).click()
  await expect(compare).toHaveCount(0)
  await expect(state(page, 'Saved')).toBeVisible()
  expect(await run('cat main.py')).toBe('y = 2\n# merged')

  await editor(page).focus()
  const overwrite = page.getByRole('button', { name: 'Overwrite file' })
  await meet(page, () => run('echo "y = 4" > main.py'), overwrite)
  await page.keyboard.type('!')
  await overwrite.click()
  await expect(state(page, 'Saved')).toBeVisible()
  expect(await run('cat main.py')).toContain('mine!')
  expect(await kept(page)).toBe('')

  // Beside each other, by key and by drag; remembered.
  await item(page, '.bashrc').click()
  await expect(page.getByRole('tab', { name: '.bashrc' })).toHaveAttribute('aria-selected', 'true')
  await page.keyboard.press('Control+Backslash')
  const side = (number: number) => page.getByRole('tablist', { name: `Open files, side ${number}` })
  await expect(side(2).getByRole('tab', { name: '.bashrc' })).toBeVisible()
  await expect(editor(page)).toHaveCount(2)
  await expect(editor(page).last()).toBeFocused()
  await item(page, '.profile').click()
  await expect(side(2).getByRole('tab')).toHaveCount(2)
  await page.reload()
  await expect(side(2).getByRole('tab')).toHaveCount(2)
  const to = await editor(page).first().boundingBox()
  for (const name of ['.bashrc', '.profile']) {
    await side(2).getByRole('tab', { name }).hover()
    await page.mouse.down()
    await page.mouse.move((to?.x ?? 0) + 40, (to?.y ?? 0) + 40, { steps: 8 })
    await expect(page.getByText('Move here')).toBeVisible()
    await page.mouse.up()
    await expect(
      side(1)
        .or(page.getByRole('tablist', { name: 'Open files', exact: true }))
        .getByRole('tab', { name }),
    ).toBeVisible()
  }
  await expect(page.getByRole('tablist', { name: 'Open files', exact: true }).getByRole('tab')).toHaveCount(3)

  await item(page, 'blob').click()
  await expect(page.getByRole('heading', { name: 'Not a text file' })).toBeVisible()
  await item(page, 'large.txt').click()
  await expect(page.getByRole('heading', { name: 'Too large to edit here' })).toBeVisible()
  await page
    .getByRole('tablist', { name: 'Open files' })
    .getByRole('tab', { name: 'large.txt' })
    .press('Delete')
  await expect(page.getByRole('tab', { name: 'large.txt' })).toHaveCount(0)
})

test('a full disk: the text is kept and saved when there is room again; the editor by its keys', async ({
  annPage: page,
  terminal,
  sandbox,
  ann,
  mayComplain,
}) => {
  mayComplain(/status of 507/)
  const run = shell(ann, sandbox.id)
  await terminal.open(sandbox.id)
  await page.getByRole('button', { name: 'New file' }).click()
  await page.keyboard.type('notes.md')
  await page.keyboard.press('Enter')
  await expect(editor(page)).toBeFocused()
  await run('head -c 100M /dev/zero > fill; true')
  await page.keyboard.type('one two one')
  await page.keyboard.press('Control+KeyS')
  await expect(
    page.getByText(/notes.md could not be saved: .* Your text is kept in this browser\./),
  ).toBeVisible()
  await run('rm fill')
  await page.getByRole('button', { name: 'Try again' }).click()
  await expect(state(page, 'Saved')).toBeVisible()
  expect(await run('cat notes.md')).toBe('one two one')

  await page.keyboard.press('Control+KeyF')
  await page.getByRole('textbox', { name: 'Find' }).fill('one')
  await page.getByRole('textbox', { name: 'Replace' }).fill('three')
  await page.getByRole('button', { name: 'replace all' }).click()
  await page.keyboard.press('Escape')
  await expect(editor(page)).toHaveText('three two three')
  await page.keyboard.press('Control+KeyS')
  await expect(state(page, 'Saved')).toBeVisible()
  // The terminal is where it was, and keys for it do not come here.
  await page.keyboard.press('Control+Shift+Digit3')
  await page.keyboard.type('clear; cat notes.md; echo\n')
  await terminal.sees(/^three two three$/m)
  await page.getByRole('button', { name: 'Close file' }).click()
  await expect(page.getByRole('tablist', { name: 'Open files' })).toHaveCount(0)

  // Stopped, it is edited as well.
  await ann.call('POST', `/api/v1/sandboxes/${sandbox.id}/stop`, {})
  await expect(page.getByRole('region', { name: 'State of the sandbox' })).toBeVisible()
  await item(page, 'notes.md').click()
  await expect(editor(page)).toHaveText('three two three')
  await page.keyboard.type('four ')
  await page.keyboard.press('Control+KeyS')
  await expect(state(page, 'Saved')).toBeVisible()
})

test.describe('on a phone', () => {
  test.use({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true })

  test('a file covers the terminal until it is asked for', async ({ annPage: page, terminal, sandbox }) => {
    await terminal.open(sandbox.id)
    await page.getByRole('button', { name: 'Files' }).tap()
    await item(page, '.bashrc').tap()
    await expect(editor(page)).toBeVisible()
    await expectFits(page, 'the editor')
    await page.getByRole('region', { name: 'Editor' }).getByRole('button', { name: 'Terminal' }).tap()
    await terminal.run('echo still-$((1+1))', /^still-2$/m)
  })
})

/** Types while somebody else writes. Where the page has heard of that first it follows the disk, and they have not met. */
async function meet(page: Page, write: () => Promise<unknown>, met: Locator): Promise<void> {
  await expect(async () => {
    await write()
    await page.keyboard.type('mine')
    await page.keyboard.press('Control+KeyS')
    await expect(met).toBeVisible({ timeout: 3000 })
  }).toPass()
}

/** The unsaved texts that the browser keeps. */
function kept(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open('cloche-unsaved')
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
    const all = await new Promise<readonly { text: string }[]>((resolve, reject) => {
      const request = database.transaction('drafts').objectStore('drafts').getAll()
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
    database.close()
    return all.map(({ text }) => text).join('\n')
  })
}
