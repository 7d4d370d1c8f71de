import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { expectFits } from './fits.js'
import { answer, expect, test } from './test.js'

const item = (page: Page, name: string | RegExp) => page.getByRole('treeitem', { name, exact: true })

test('the tree by keyboard alone: make, rename, walk, delete; programs inside see the same', async ({
  annPage: page,
  terminal,
  sandbox,
}) => {
  const { keyboard } = page
  const watching = page.waitForResponse(/\/files\/watch/)
  await terminal.open(sandbox.id)
  await terminal.run(
    'mkdir -p src/deep; echo 1 > src/deep/a.txt; ln -s src link; touch .hidden; echo made',
    /^made$/m,
  )

  // What a program inside makes is shown without being asked for.
  expect((await watching).status()).toBe(200)
  await terminal.run('touch from-inside; echo touched', /^touched$/m)
  await item(page, 'from-inside').waitFor()
  await terminal.run('rm from-inside; echo removed', /^removed$/m)
  await expect(item(page, 'from-inside')).toHaveCount(0)

  await keyboard.press('Control+Shift+Digit1')
  await expect(page.getByRole('tree')).toBeFocused()
  await keyboard.press('Tab')
  await page.getByRole('button', { name: 'File actions' }).click()
  await page.getByRole('menuitem', { name: 'Refresh' }).click()
  await expect(page.getByRole('tree')).toBeFocused()
  await expect(item(page, /link to src/)).toBeVisible()
  await expect(item(page, '.hidden')).toBeVisible()
  await keyboard.type('src')
  await expect(item(page, 'src')).toHaveAttribute('aria-selected', 'true')
  await keyboard.press('ArrowRight')
  await item(page, 'deep').waitFor()
  await keyboard.press('ArrowRight')
  await keyboard.press('Enter')
  await item(page, 'a.txt').waitFor()
  await keyboard.press('ArrowDown')
  await expect(item(page, 'a.txt')).toHaveAttribute('aria-selected', 'true')
  await expect(item(page, 'a.txt')).toHaveAttribute('aria-level', '3')
  await keyboard.press('F2')
  await keyboard.type('b')
  await keyboard.press('Enter')
  await expect(item(page, 'b.txt')).toHaveAttribute('aria-selected', 'true')
  await expect(page.getByRole('tree')).toBeFocused()
  await keyboard.press('Delete')
  await expect(item(page, 'b.txt')).toHaveCount(0)
  await expect(page.getByRole('tree')).toBeFocused()
  await keyboard.press('Control+z')
  await expect(item(page, 'b.txt'), 'a deletion is undone').toHaveAttribute('aria-selected', 'true')
  await keyboard.press('Shift+Delete')
  await answer(page, 'Delete file')
  await expect(item(page, 'b.txt')).toHaveCount(0)
  await expect(page.getByRole('tree')).toBeFocused()

  await page.getByRole('button', { name: 'New folder' }).click()
  await keyboard.type('src')
  await keyboard.press('Enter')
  await item(page, 'src').last().waitFor()
  await page.getByRole('button', { name: 'New folder' }).click()
  await keyboard.type('a/b')
  await keyboard.press('Enter')
  await expect(page.getByText('A name cannot contain “/”.')).toBeVisible()
  await keyboard.press('Escape')

  await keyboard.press('Control+Shift+Digit3')
  await keyboard.type('clear; find src | sort\n')
  await terminal.sees(/^src\nsrc\/deep\nsrc\/deep\/src$/m)

  // Hidden, the terminal has the focus again; the choice is kept.
  await keyboard.press('Control+Shift+KeyB')
  await expect(page.getByRole('tree')).toHaveCount(0)
  await keyboard.type('clear; echo typed-$((1+1))\n')
  await terminal.sees(/^typed-2$/m)
  await page.reload()
  await terminal.prompt()
  await expect(page.getByRole('button', { name: 'Files' })).toHaveAttribute('aria-pressed', 'false')
  await page.getByRole('button', { name: 'Files' }).click()
  await item(page, 'deep').waitFor()
})

test('entries are moved by drag, and cut, copied and pasted by keys', async ({
  annPage: page,
  terminal,
  sandbox,
  ann,
  mayComplain,
}) => {
  mayComplain(/status of 400/)
  const inside = async (command: string) =>
    (await ann.call('POST', `/api/v1/sandboxes/${sandbox.id}/exec`, { command })).body.stdout
  await inside('mkdir -p from to/deep; echo 1 > from/a.txt; echo 2 > b.txt')
  await terminal.open(sandbox.id)
  await item(page, 'b.txt').dragTo(item(page, 'to'))
  await expect.poll(() => inside('cat to/b.txt')).toBe('2\n')
  await expect(item(page, 'b.txt')).toHaveCount(0)
  // Into itself it cannot go, and nothing is lost.
  await item(page, 'to').click()
  await item(page, 'deep').waitFor()
  await item(page, 'to').dragTo(item(page, 'deep'))
  await expect(
    page
      .getByRole('status')
      .filter({ hasText: /Message/ })
      .first(),
  ).toBeVisible()
  expect(await inside('ls to')).toBe('b.txt\ndeep\n')

  await item(page, 'b.txt').click({ button: 'right' })
  await page.getByRole('menuitem', { name: 'Copy' }).click()
  await page.getByRole('tree').focus()
  await page.keyboard.press('Control+v')
  await item(page, 'b 2.txt').waitFor()
  await expect(item(page, 'b 2.txt')).toHaveAttribute('aria-selected', 'true')
  await page.keyboard.press('Control+x')
  await page.keyboard.type('from')
  await expect(item(page, 'from')).toHaveAttribute('aria-selected', 'true')
  await page.keyboard.press('Control+v')
  await expect.poll(() => inside('cat "from/b 2.txt"; ls to')).toBe('2\nb.txt\ndeep\n')
})

test('uploads by button and by drop, downloads, and a directory of 20,000 entries', async ({
  annPage: page,
  terminal,
  sandbox,
  ann,
}) => {
  const call = (command: string) => ann.call('POST', `/api/v1/sandboxes/${sandbox.id}/exec`, { command })
  await call('mkdir many; cd many; seq 20000 | xargs touch; echo old > ../both.txt')
  await terminal.open(sandbox.id)
  await item(page, 'both.txt').waitFor()
  await page
    .locator('input[type=file]')
    .setInputFiles({ name: 'both.txt', mimeType: 'text/plain', buffer: Buffer.from('new') })
  await page
    .getByRole('alertdialog', { name: 'Replace both.txt?' })
    .getByRole('button', { name: 'Replace' })
    .click()
  await expect(page.getByText('Uploaded 1 file to /home/user', { exact: true })).toBeVisible()
  const transfer = await page.evaluateHandle(() => {
    const dropped = new DataTransfer()
    dropped.items.add(new File(['dropped'], 'dropped file.txt'))
    return dropped
  })
  await page.getByRole('tree').dispatchEvent('drop', { dataTransfer: transfer })
  await item(page, 'dropped file.txt').waitFor()
  const { body } = await call('cat both.txt "dropped file.txt"')
  expect(body.stdout).toBe('newdropped')

  await item(page, 'both.txt').click({ button: 'right' })
  const download = page.waitForEvent('download')
  await page.getByRole('menuitem', { name: 'Download', exact: true }).click()
  expect((await download).suggestedFilename()).toBe('both.txt')

  await item(page, 'many').click()
  await item(page, '1').first().waitFor()
  expect(await page.getByRole('treeitem').count()).toBeLessThan(100)
  await page.keyboard.press('End')
  await page.keyboard.press('Home')
  await expect(item(page, 'many')).toHaveAttribute('aria-selected', 'true')
  const axe = new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
  expect((await axe.analyze()).violations.map(({ id, nodes }) => `${id} ${nodes[0]?.html}`)).toEqual([])
})

test.describe('on a phone', () => {
  test.use({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true })

  test('the terminal comes first, and files are one tap away', async ({
    annPage: page,
    terminal,
    sandbox,
  }) => {
    await terminal.open(sandbox.id)
    await expect(page.getByRole('tree')).toHaveCount(0)
    await page.getByRole('button', { name: 'Files' }).tap()
    await item(page, /bashrc/).waitFor()
    await expectFits(page, 'the files')
    await page.getByRole('button', { name: 'Hide files' }).tap()
    await terminal.run('echo still-$((1+1))', /^still-2$/m)
  })
})
