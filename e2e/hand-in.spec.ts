import { readFile } from 'node:fs/promises'
import type { Browser, Page } from '@playwright/test'
import type { TestClient } from '../testing/client.js'
import { expectFits } from './fits.js'
import { TerminalView } from './terminal-view.js'
import { answer, expect, test } from './test.js'

const limits = { cpus: 0.5, memoryMiB: 128, diskMiB: 64, pids: 64 }

/** An assignment with a starter file and a test that students see, in a class of two students with cards. */
async function prepared(ann: TestClient, name: string) {
  const school = await ann.call('POST', '/api/v1/classes', { name, timeZone: 'Europe/Berlin' })
  const path = `/api/v1/classes/${school.body.id}`
  const students = []
  for (const student of ['Lea', 'Max']) {
    students.push((await ann.call('POST', `${path}/students`, { name: student })).body.id)
  }
  const { cards } = (await ann.call('POST', `${path}/cards`, { students })).body
  const one = await ann.call('POST', `${path}/assignments`, {
    ...{ title: 'Sums', text: 'Print the sum.', published: true, limits, network: 'none' },
    dueAt: '2999-12-08T23:59',
    tests: [
      { id: 'prints', name: 'Prints seven', points: 4, command: 'sh sum.sh', expected: '7', visible: 'all' },
    ],
  })
  const file = `/api/v1/assignments/${one.body.id}/files/starter/file?path=sum.sh`
  await ann.call('PUT', file, 'echo your turn\n', { 'content-type': 'application/octet-stream' })
  return {
    page: `/classes/${school.body.id}`,
    assignment: `/assignments/${one.body.id}`,
    cards: cards.map(
      ({ signInName, code }: { signInName: string; code: string }) => `/card#${signInName}.${code}`,
    ),
  }
}

async function signIn(browser: Browser, url: string, card: string): Promise<Page> {
  const page = await (await browser.newContext({ baseURL: url })).newPage()
  await TerminalView.of(page)
  await page.goto(card)
  await page.getByRole('button', { name: /^Sign in as/ }).click()
  await page.waitForURL(/\/classes$/)
  return page
}

/** Leaves no sandbox to other tests. @param address of the workspace */
async function end(page: Page, ann: TestClient, address: string): Promise<void> {
  await page.context().close()
  const { pathname } = new URL(address)
  await ann.call('DELETE', `/api/v1${pathname}`, {})
}

test('a student hands in and keeps the receipt, a teacher compares and gives points, and the student reads why', async ({
  annPage: page,
  ann,
  browser,
  instance,
}) => {
  const school = await prepared(ann, 'Computing 12a')
  const student = await signIn(browser, instance.url, school.cards[0])
  await student.goto(school.assignment)
  await expect(student.getByText('Start the assignment first')).toBeVisible()
  await student.getByRole('button', { name: 'Start' }).click()
  await student.waitForURL(/\/sandboxes\/sb_/)
  const sandbox = student.url()
  const terminal = await TerminalView.of(student)
  await terminal.prompt()
  await terminal.run("echo 'echo $((3 + 4))' > sum.sh && mkdir .git && sh sum.sh", /^7$/m)

  // Beside the work. The question says what it means; the receipt proves it.
  const pane = student.getByRole('region', { name: 'Assignment', exact: true })
  await pane.getByRole('button', { name: 'Hand in' }).click()
  const question = student.getByRole('alertdialog')
  await expect(question).toContainText('the last one that comes in time counts')
  await question.getByRole('button', { name: 'Hand in' }).click()
  const receipt = student.getByRole('dialog', { name: 'Handed in' })
  await expect(receipt).toContainText(/[0-9a-f]{64}/)
  const [saved] = await Promise.all([
    student.waitForEvent('download'),
    receipt.getByRole('link', { name: 'Save receipt' }).click(),
  ])
  const kept = JSON.parse(await readFile(await saved.path(), 'utf8'))
  expect(kept).toMatchObject({ student: 'Lea', number: 1, assignment: { title: 'Sums' } })
  expect((await ann.call('POST', '/api/v1/receipts/check', kept)).body).toEqual({ valid: true, stored: true })
  await receipt.getByRole('button', { name: 'Close' }).last().click()
  const own = pane.getByRole('list', { name: 'Hand-ins' }).getByRole('listitem').first()
  await expect(own).toContainText('Hand-in 1')
  await expect(own).toContainText('Counts')
  await expect(pane).toContainText('4 / 4', { timeout: 60_000 })
  await expect(own.getByRole('list', { name: 'Results of the tests' })).toContainText('Prints seven – passed')

  await page.goto(school.assignment)
  await page.getByRole('tab', { name: 'Hand-ins' }).click()
  const row = page.getByRole('row').filter({ hasText: 'Lea' })
  await expect(row).toContainText('Graded')
  await expect(row).toContainText('4 / 4')
  await expect(page.getByRole('row').filter({ hasText: 'Max' })).toContainText('Nothing handed in')
  await expect(page.getByText('1 of 2 students handed in, 1 graded')).toBeVisible()
  await page.getByLabel('Which students').selectOption('Nothing handed in')
  await expect(row).toBeHidden()
  await page.getByLabel('Which students').selectOption('All students')
  await row.getByRole('link', { name: 'Open the hand-in of Lea' }).click()
  await expect(page.getByRole('heading', { name: 'Lea · Sums' })).toBeVisible()
  await expect(page.getByRole('textbox', { name: 'sum.sh' })).toContainText('echo $((3 + 4))')
  await page.getByText(/paths? (was|were) left out/).click()
  await expect(page.getByRole('listitem').filter({ hasText: /^\.git/ })).toContainText('version control')
  await page.getByRole('tab', { name: 'Changes' }).click()
  await expect(page.getByText('1 file differs, 0 unchanged')).toBeVisible()
  const changes = page.getByRole('region', { name: 'Changes in sum.sh' })
  await expect(changes.getByRole('cell', { name: 'Removed: echo your turn' })).toBeVisible()
  await expect(changes.getByRole('cell', { name: 'Added: echo $((3 + 4))' })).toBeVisible()
  for (const width of [820, 360, 1280]) {
    await page.setViewportSize({ width, height: 800 })
    await expectFits(page, `a hand-in at ${width}`)
  }
  await page.getByRole('button', { name: 'Grade again' }).click()
  await expect(page.getByText('1 former result')).toBeVisible({ timeout: 60_000 })

  await page.getByLabel('Points, of 4').fill('9')
  await page.getByLabel('Comment', { exact: true }).fill('Right, but say what it is.')
  await page.getByRole('button', { name: 'Give points', exact: true }).click()
  const points = page.getByLabel('Points, of 4')
  expect(await points.evaluate((field: HTMLInputElement) => field.validity.rangeOverflow)).toBe(true)
  await points.fill('3.5')
  await page.getByRole('button', { name: 'Give points', exact: true }).click()
  await expect(page.getByText('in place of the points of the tests')).toBeVisible()

  await student.goto('/work')
  const line = student.getByRole('row').filter({ hasText: 'Sums' })
  await expect(line).toContainText('3.5 / 4')
  await line.getByRole('link', { name: 'Why Sums has these points' }).click()
  await expect(student.getByText('Right, but say what it is.')).toBeVisible()
  await expect(student.getByRole('button', { name: 'Give points' })).toHaveCount(0)
  await student.getByRole('link', { name: 'To the assignment' }).click()
  await expect(student.getByText('Right, but say what it is.')).toBeVisible()

  // The teacher shows nothing of it any more.
  const handIn = page.url()
  await page.goto(school.assignment)
  await page.getByRole('tab', { name: 'Tests' }).click()
  const grading = page.getByRole('region', { name: 'Grading', exact: true })
  await grading.getByRole('radio', { name: 'Never' }).click()
  await grading.getByRole('button', { name: 'Save', exact: true }).click()
  await expect(page.getByText('Saved').first()).toBeVisible()
  await student.reload()
  await expect(student.getByText('Hand-in 1').first()).toBeVisible()
  await expect(student.getByText('Right, but say what it is.')).toHaveCount(0)
  await end(student, ann, sandbox)

  // What the tests found counts again.
  await page.goto(handIn)
  await page.getByRole('button', { name: 'Use the points of the tests again' }).click()
  await expect(page.getByRole('region', { name: 'Grade', exact: true })).toContainText('4 / 4')
})

test('a class is graded one after the other, its grade book is saved, and deleting it asks twice', async ({
  annPage: page,
  ann,
  browser,
  instance,
  mayComplain,
}) => {
  mayComplain(/the server responded with a status of 409/)
  const school = await prepared(ann, 'Computing 12b')
  for (const card of school.cards) {
    const student = await signIn(browser, instance.url, card)
    await student.goto(school.assignment)
    await student.getByRole('button', { name: 'Start' }).click()
    await student.waitForURL(/\/sandboxes\/sb_/)
    const sandbox = student.url()
    await student.goto(school.assignment)
    await student.getByRole('button', { name: 'Hand in' }).click()
    await answer(student, 'Hand in')
    await expect(student.getByRole('dialog', { name: 'Handed in' })).toBeVisible()
    await end(student, ann, sandbox)
  }
  await page.goto(`${school.assignment}?part=hand-ins`)
  await page.getByRole('link', { name: 'Lea', exact: true }).click()
  await expect(page.getByRole('heading', { name: 'Lea · Sums' })).toBeVisible()
  await expect(page.getByText('1 of 2', { exact: true })).toBeVisible()
  await page.getByLabel('Points, of 4').fill('2')
  // What is typed is no key of the page.
  await page.getByLabel('Comment', { exact: true }).fill('')
  await page.getByLabel('Comment', { exact: true }).pressSequentially('just')
  await page.keyboard.press('Control+Enter')
  await expect(page.getByRole('heading', { name: 'Max · Sums' })).toBeVisible()
  await page.keyboard.press('k')
  await expect(page.getByRole('heading', { name: 'Lea · Sums' })).toBeVisible()
  await expect(page.getByLabel('Comment', { exact: true })).toHaveValue('just')
  await page.getByRole('link', { name: 'Next: Max' }).click()
  await expect(page.getByRole('heading', { name: 'Max · Sums' })).toBeVisible()

  await page.goto(school.page)
  await page.getByRole('tab', { name: 'Grades' }).click()
  const lea = page.getByRole('row').filter({ hasText: 'Lea' })
  await expect(lea.getByRole('cell').last()).toHaveText('2')
  await expect(lea.getByRole('link')).toContainText('given by a person')
  const [csv] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Download CSV' }).click(),
  ])
  expect(await readFile(await csv.path(), 'utf8')).toContain('Lea,,2,2')

  await page.getByRole('tab', { name: 'Class' }).click()
  await page.getByRole('button', { name: 'Actions for Sums' }).click()
  await page.getByRole('menuitem', { name: 'Delete assignment' }).click()
  const question = page.getByRole('alertdialog')
  const remove = question.getByRole('button', { name: 'Delete assignment' })
  await remove.click()
  await expect(question).toContainText('also deletes 2 hand-ins of students for Sums')
  await expect(remove).toBeDisabled()
  await question.getByLabel('Type Sums to confirm').fill('Sums')
  await remove.click()
  await expect(question).toBeHidden()
  await expect(page.getByText('No assignments yet')).toBeVisible()
})
