import type { Browser, Page } from '@playwright/test'
import { password, type Shared } from './shared.js'
import { expect, test } from './test.js'

const editor = (page: Page) => page.getByRole('textbox', { name: /story.txt/ })
const item = (page: Page) => page.getByRole('treeitem', { name: /story.txt/ })
const textOf = async (page: Page) =>
  (await editor(page).locator('.cm-line').allInnerTexts()).map(plain).join('\n')
/** Without the carets of others, which are drawn inside lines. */
const plain = (line: string) => line.replaceAll(/\u2060[^\u2060]*\u2060|[\n\u200b]/g, '')
const saved = (page: Page) =>
  page.getByRole('region', { name: 'Editor' }).getByRole('status').getByText('Saved', { exact: true })

let guests = 0

async function guestAt(browser: Browser, instance: Shared, link: string) {
  const context = await browser.newContext({ baseURL: instance.url })
  const page = await context.newPage()
  await page.goto(link)
  await page.getByRole('link', { name: 'Create an account' }).click()
  await page.getByLabel('Name').fill('Gus')
  await page.getByLabel('Email').fill(`gus-edits${++guests}-${Date.now()}@example.test`)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Create account' }).click()
  await page.getByRole('button', { name: /^Open / }).click()
  await expect(page).toHaveURL(/\/sandboxes\/sb_/)
  return { context, page }
}

test('two people type in one file at once: both texts and the disk have every key, until the share is stopped', async ({
  annPage: page,
  ann,
  browser,
  instance,
  sandbox,
  mayComplain,
}) => {
  mayComplain(/status of 412/)
  const files = `/api/v1/sandboxes/${sandbox.id}/files?path=story.txt`
  const disk = async () => String((await ann.call('GET', files)).body)
  await ann.call('PUT', files, 'begin\n\nend\n')
  const shares = `/api/v1/sandboxes/${sandbox.id}/shares`
  const share = (await ann.call('POST', shares, { level: 'type' })).body
  const scripts: string[] = []
  page.on('response', (response) => void (/\.js$/.test(response.url()) && scripts.push(response.url())))
  await page.goto(`/sandboxes/${sandbox.id}`)
  await item(page).click()
  await expect(editor(page)).toContainText('begin')
  const alone = scripts.length
  const { context, page: guest } = await guestAt(browser, instance, share.url)
  await item(guest).click()
  await expect(editor(guest)).toContainText('begin')
  await expect(page.getByText('Edited together with Gus')).toBeVisible()
  await expect(guest.getByText(/Edited together with ann/)).toBeVisible()
  // What is needed to share is loaded with the second window.
  expect(scripts.length).toBeGreaterThan(alone)

  await editor(page).click()
  await page.keyboard.press('Control+End')
  await editor(guest).click()
  await guest.keyboard.press('Control+Home')
  const anns = Array.from({ length: 40 }, (_, at) => `a${at}`).join(' ')
  const guss = Array.from({ length: 40 }, (_, at) => `g${at}`).join(' ')
  await Promise.all([page.keyboard.type(anns, { delay: 15 }), guest.keyboard.type(`${guss} `, { delay: 15 })])
  const both = `${guss} begin\n\nend\n${anns}`
  await expect.poll(() => textOf(page)).toBe(both)
  await expect.poll(() => textOf(guest)).toBe(both)
  await expect.poll(disk).toBe(both)
  await expect(saved(page)).toBeVisible()
  await expect(saved(guest)).toBeVisible()
  await expect(editor(page).locator('.cm-otherCaret')).toHaveText(/Gus/)

  // What one undoes is what they did themselves.
  await guest.keyboard.insertText('OOPS')
  await expect.poll(() => textOf(page)).toContain('OOPS')
  await page.keyboard.type('!')
  await guest.keyboard.press('Control+KeyZ')
  await expect.poll(() => textOf(page)).toBe(`${both}!`)

  // A program writes to the file while there is text that is not saved.
  await guest.keyboard.type('unsaved ')
  await ann.call('POST', `/api/v1/sandboxes/${sandbox.id}/exec`, {
    command: "sed -i 's/^end$/END/' story.txt",
  })
  await expect.poll(disk, { timeout: 15_000 }).toContain(`${guss} unsaved begin\n\nEND\n${anns}!`)
  await expect.poll(() => textOf(guest)).toBe(`${guss} unsaved begin\n\nEND\n${anns}!`)
  await expect.poll(() => textOf(page)).toBe(await textOf(guest))

  // Cut off in the middle of a word: what had come before is kept.
  const typing = guest.keyboard.type('x'.repeat(400), { delay: 10 }).catch(() => {})
  await expect.poll(() => textOf(page)).toContain('xxxx')
  await ann.call('DELETE', `/api/v1/shares/${share.id}`)
  await expect(guest.getByRole('heading', { name: 'not shared with you any more' })).toBeVisible()
  await typing
  await expect(page.getByText('Edited together with Gus')).toHaveCount(0)
  await editor(page).click()
  await page.keyboard.press('Control+End')
  await page.keyboard.type(' alone')
  await expect.poll(disk).toMatch(/ unsaved x+begin\n\nEND\n[a\d ]+! alone$/)
  await expect.poll(() => textOf(page)).toBe(await disk())
  await context.close()
})

test('who may only look sees each key; two windows of one person share as well', async ({
  annPage: page,
  ann,
  browser,
  instance,
  sandbox,
}) => {
  const files = `/api/v1/sandboxes/${sandbox.id}/files?path=story.txt`
  await ann.call('PUT', files, 'begin\r\nend\r\n')
  const share = (await ann.call('POST', `/api/v1/sandboxes/${sandbox.id}/shares`, {})).body
  await page.goto(`/sandboxes/${sandbox.id}`)
  await item(page).click()
  await editor(page).click()
  await page.keyboard.press('Control+End')
  const { context, page: guest } = await guestAt(browser, instance, share.url)
  await item(guest).click()
  const second = await page.context().newPage()
  await second.goto(`/sandboxes/${sandbox.id}?file=/home/user/story.txt`)
  await expect(page.getByText('Edited together with Gus, ann')).toBeVisible()
  await page.bringToFront()
  await page.keyboard.type('one\ntwo')
  for (const each of [page, second, guest]) await expect.poll(() => textOf(each)).toBe('begin\nend\none\ntwo')
  await expect
    .poll(async () => String((await ann.call('GET', files)).body))
    .toBe('begin\r\nend\r\none\r\ntwo')
  await second.close()
  await context.close()
})
