import type { Browser, Page } from '@playwright/test'
import type { TestClient } from '../testing/client.js'
import { TerminalView } from './terminal-view.js'
import { answer, expect, test } from './test.js'

/** A class with an assignment and one student, who signs in with a card. */
async function classWithStudent(ann: TestClient, name: string, student: string) {
  const school = await ann.call('POST', '/api/v1/classes', { name })
  const path = `/api/v1/classes/${school.body.id}`
  const { body } = await ann.call('POST', `${path}/students`, { name: student })
  const { cards } = (await ann.call('POST', `${path}/cards`, { students: [body.id] })).body
  await ann.call('POST', `${path}/assignments`, { title: 'Loops', published: true })
  return { page: `/classes/${school.body.id}`, card: `/card#${cards[0].signInName}.${cards[0].code}` }
}

async function signIn(browser: Browser, url: string, card: string): Promise<Page> {
  const page = await (await browser.newContext({ baseURL: url })).newPage()
  await TerminalView.of(page)
  await page.goto(card)
  await page.getByRole('button', { name: /^Sign in as/ }).click()
  await page.waitForURL(/\/classes$/)
  return page
}

test('a teacher sees a student in a live lesson, answers a hand, writes to them, freezes them and sends a file', async ({
  annPage: page,
  ann,
  browser,
  instance,
}) => {
  const school = await classWithStudent(ann, 'Computing 10l', 'Mia')
  await page.goto(school.page)
  await page.getByRole('link', { name: 'Lesson', exact: true }).click()
  await expect(page.getByText('No lesson runs')).toBeVisible()
  await page.getByRole('button', { name: 'Add a weekly lesson' }).click()
  const weekly = page.getByRole('dialog')
  await weekly.getByLabel('Day').selectOption({ label: 'Tuesday' })
  await weekly.getByLabel('Time').fill('09:50')
  await weekly.getByLabel('Assignment').selectOption({ label: 'Loops' })
  await weekly.getByRole('button', { name: 'Add lesson' }).click()
  await expect(page.getByRole('row').filter({ hasText: 'Tuesday 09:50' })).toContainText('Loops')
  await page.getByRole('button', { name: 'Remove the lesson on Tuesday 09:50' }).click()
  await expect(page.getByText('No timetable')).toBeVisible()
  await page.getByLabel('Assignment').selectOption({ label: 'Loops' })
  await page.getByRole('button', { name: 'Start lesson' }).click()
  const card = page.getByRole('listitem').filter({ hasText: 'Mia' })
  await expect(card).toContainText('Offline')

  const student = await signIn(browser, instance.url, school.card)
  await student.getByRole('link', { name: 'My work' }).click()
  await student.getByRole('link', { name: 'Loops' }).click()
  await student.getByRole('button', { name: 'Start' }).click()
  await student.waitForURL(/\/sandboxes\/sb_/)
  const terminal = await TerminalView.of(student)
  await terminal.prompt()
  await expect(card).toContainText('Working')
  await expect(student.getByText('its staff can see what your terminals show')).toBeVisible()
  await terminal.run('echo seen-"by staff"', /^seen-by staff$/m)
  await page.getByRole('button', { name: 'Terminals' }).click()
  await expect(card.getByRole('img', { name: 'Terminal of Mia' })).toContainText('seen-by staff')
  await student.getByRole('button', { name: 'Raise your hand' }).click()
  await expect(student.getByText('You are next.')).toBeVisible()
  await expect(card).toContainText('Hand up')
  await card.getByRole('button', { name: 'Lower the hand' }).click()
  await expect(card).not.toContainText('Hand up')
  await expect(student.getByRole('button', { name: 'Raise your hand' })).toBeVisible()

  const shown = (await ann.call('POST', '/api/v1/sandboxes', { name: 'to-show', network: 'none' })).body.id
  const command = ['/bin/sh', '-c', 'echo from-the-teacher; exec cat']
  await ann.call('POST', `/api/v1/sandboxes/${shown}/terminals`, { command })
  await page.getByRole('button', { name: 'Show a terminal' }).click()
  await page.getByRole('dialog').getByLabel('Sandbox').selectOption({ label: 'to-show' })
  await page.getByRole('dialog').getByRole('button', { name: 'Show a terminal' }).click()
  await student.getByRole('button', { name: 'Watch' }).click()
  await expect(student.getByRole('dialog').locator('.xterm-accessibility-tree')).toContainText(
    'from-the-teacher',
  )
  await page.getByRole('button', { name: 'Stop showing' }).click()
  await expect(student.getByRole('dialog')).toBeHidden()
  await expect(student.getByRole('button', { name: 'Watch' })).toBeHidden()
  await ann.call('DELETE', `/api/v1/sandboxes/${shown}`)

  await page.getByRole('button', { name: 'Message' }).click()
  await page.getByRole('dialog').getByLabel('Text').fill('Five more minutes')
  await page.getByRole('dialog').getByRole('button', { name: 'Send' }).click()
  await expect(student.getByText('Five more minutes')).toBeVisible()

  await page.getByRole('button', { name: 'Send a file' }).click()
  const dialog = page.getByRole('dialog')
  await dialog
    .locator('input[type=file]')
    .setInputFiles({ name: 'sheet.md', mimeType: 'text/markdown', buffer: Buffer.from('# Sheet\n') })
  await dialog.getByRole('button', { name: 'Send' }).click()
  await expect(page.getByRole('dialog').getByRole('row').filter({ hasText: 'Mia' })).toContainText('Done')
  await page.keyboard.press('Escape')
  await terminal.run('cat sheet.md', /^# Sheet$/m)

  await page.getByRole('button', { name: 'Freeze all' }).click()
  await expect(card).toContainText('Frozen')
  await expect(student.getByText('A teacher has frozen your sandboxes.')).toBeVisible()
  await page.getByRole('button', { name: 'Thaw all' }).click()
  await expect(card).not.toContainText('Frozen')
  await terminal.run('echo on-"again"', /^on-again$/m)
  await page.getByLabel('Show', { exact: true }).selectOption({ label: 'Offline' })
  await expect(page.getByText('No students match.')).toBeVisible()

  await page.getByRole('button', { name: 'End lesson' }).click()
  await answer(page, 'End lesson')
  await expect(page.getByText('No lesson runs')).toBeVisible()
  await expect(student.getByRole('button', { name: 'Raise your hand' })).toBeHidden()
  await student.context().close()
})
