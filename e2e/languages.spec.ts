import { everyPage } from './every-page.js'
import { expect, test } from './test.js'

test.use({ locale: 'zh-CN' })

test('the language is that of the browser, and can be changed for good', async ({ annPage: page, ann }) => {
  await page.goto('/sandboxes')
  await expect(page.locator('html')).toHaveAttribute('lang', 'zh-CN')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('沙箱')
  await expect(page).toHaveTitle(/沙箱/)
  for (const { path } of everyPage) {
    await page.setViewportSize({ width: 360, height: 740 })
    await page.goto(path)
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(/[\u4e00-\u9fff]|API|Webhook/)
    expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(360)
  }
  await page.setViewportSize({ width: 1280, height: 800 })
  await page.goto('/sandboxes')
  const { email } = (await ann.call('GET', '/api/v1/me')).body.user
  await page.getByRole('button', { name: email }).click()
  await page.getByRole('menuitemradio', { name: 'English' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sandboxes')
  await page.reload()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sandboxes')
  await page.getByRole('button', { name: email }).click()
  await page.getByRole('menuitemradio', { name: '简体中文' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('沙箱')
})

test('a workspace in Chinese: pinyin is typed into the terminal and the editor', async ({
  annPage: page,
  terminal,
  sandbox,
  ann,
}) => {
  const inside = async (command: string) =>
    (await ann.call('POST', `/api/v1/sandboxes/${sandbox.id}/exec`, { command })).body.stdout
  await inside('touch notes.txt')
  await terminal.open(sandbox.id)
  const input = await page.context().newCDPSession(page)
  /** As an input method types: letters that are replaced by the word. */
  const compose = async (letters: readonly string[], word: string) => {
    for (const text of letters) {
      await input.send('Input.imeSetComposition', {
        text,
        selectionStart: text.length,
        selectionEnd: text.length,
      })
    }
    await input.send('Input.insertText', { text: word })
  }
  await page.keyboard.type('echo ')
  await compose(['n', 'ni', 'nih', 'ni hao'], '你好')
  await page.keyboard.type(' > word.txt')
  await page.keyboard.press('Enter')
  await expect.poll(() => inside('cat word.txt')).toBe('你好\n')

  await page.getByRole('treeitem', { name: 'notes.txt' }).click()
  await page.getByRole('tree').focus()
  await page.keyboard.press('Enter')
  await expect(page.locator('.cm-content')).toBeFocused()
  await compose(['s', 'shi', 'shi jie'], '世界')
  await expect(page.locator('.cm-content')).toHaveText('世界')
  await expect.poll(() => inside('cat notes.txt')).toBe('世界')
})
