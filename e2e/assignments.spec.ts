import type { Browser, Page } from '@playwright/test'
import type { TestClient } from '../testing/client.js'
import { TerminalView } from './terminal-view.js'
import { answer, expect, test } from './test.js'

/** A class with one student, who signs in with a card. */
async function classWithStudent(ann: TestClient, name: string, student: string) {
  const school = await ann.call('POST', '/api/v1/classes', { name, timeZone: 'Asia/Shanghai' })
  const path = `/api/v1/classes/${school.body.id}`
  const { body } = await ann.call('POST', `${path}/students`, { name: student })
  const { cards } = (await ann.call('POST', `${path}/cards`, { students: [body.id] })).body
  return { path, page: `/classes/${school.body.id}`, card: `/card#${cards[0].signInName}.${cards[0].code}` }
}

async function signIn(browser: Browser, url: string, card: string): Promise<Page> {
  const page = await (await browser.newContext({ baseURL: url })).newPage()
  await TerminalView.of(page)
  await page.goto(card)
  await page.getByRole('button', { name: /^Sign in as/ }).click()
  await page.waitForURL(/\/classes$/)
  return page
}

test('a teacher makes and publishes an assignment, a student does its step, and the teacher sees it', async ({
  annPage: page,
  ann,
  browser,
  instance,
}) => {
  const school = await classWithStudent(ann, 'Computing 10d', 'Mia')
  await page.goto(school.page)
  await page.getByRole('button', { name: 'New assignment' }).click()
  await page.getByRole('dialog').getByLabel('Title').fill('Loops')
  await page.getByRole('dialog').getByLabel('Due').fill('2999-12-08T23:59')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { name: 'Loops' })).toBeVisible()

  // What is typed is shown as students will read it.
  await page.getByRole('textbox', { name: 'Text' }).fill('# Count\n\nPrint **ten** numbers.')
  const preview = page.getByRole('region', { name: 'Preview' })
  await expect(preview.getByRole('heading', { name: 'Count' })).toBeVisible()
  await expect(preview.locator('strong')).toHaveText('ten')
  const text = page.getByRole('region', { name: 'Text' })
  await text.getByRole('button', { name: 'Save' }).click()
  await expect(text.getByRole('button', { name: 'Save' })).toBeDisabled()

  const steps = page.getByRole('region', { name: 'Steps' })
  await steps.getByRole('button', { name: 'Add a step' }).click()
  await steps.getByRole('textbox', { name: 'Step 1' }).fill('Read the chapter')
  await steps.getByLabel('Check this step with a command').uncheck()
  await steps.getByRole('button', { name: 'Add a step' }).click()
  await steps.getByRole('textbox', { name: 'Step 2' }).fill('Make loop.py')
  await steps.getByRole('textbox', { name: 'Command' }).fill('grep -q range loop.py')
  await steps.getByRole('button', { name: 'Move Make loop.py up' }).click()
  await steps.getByRole('button', { name: 'Save' }).click()
  await expect(steps.getByRole('button', { name: 'Save' })).toBeDisabled()

  await page.getByRole('tab', { name: 'Files' }).click()
  const starter = page.getByRole('region', { name: 'Starter files' }).first()
  await starter
    .locator('input[type=file]')
    .setInputFiles({ name: 'loop.py', mimeType: 'text/x-python', buffer: Buffer.from('# your program\n') })
  await expect(starter.getByRole('cell', { name: 'loop.py' }).first()).toBeVisible()
  await page.getByRole('button', { name: 'Publish', exact: true }).click()
  await expect(page.getByText('Open', { exact: true })).toBeVisible()

  const student = await signIn(browser, instance.url, school.card)
  await student.getByRole('link', { name: 'My work' }).click()
  const line = student.getByRole('row').filter({ hasText: 'Loops' })
  await expect(line).toContainText('Computing 10d')
  await expect(line).toContainText('Dec 8, 2999, 23:59')
  await expect(line).toContainText('Not started')
  await line.getByRole('link', { name: 'Loops' }).click()
  await expect(student.getByText('Print ten numbers.')).toBeVisible()
  await student.getByRole('button', { name: 'Start' }).click()
  await student.waitForURL(/\/sandboxes\/sb_/)

  // The text is beside the work.
  const pane = student.getByRole('region', { name: 'Assignment', exact: true })
  await expect(pane.getByText('Print ten numbers.')).toBeVisible()
  await pane.getByRole('button', { name: 'Check my steps' }).click()
  const made = pane.getByRole('listitem').filter({ hasText: 'Make loop.py' })
  await expect(made).toContainText('not done yet')
  await expect(pane.getByRole('status')).toContainText('0 of 1 step done')
  const terminal = await TerminalView.of(student)
  await terminal.prompt()
  await terminal.run("echo 'for n in range(10): print(n + 1)' > loop.py && python3 loop.py", /^10$/m)
  await pane.getByRole('button', { name: 'Check my steps' }).click()
  await expect(pane.getByRole('status')).toContainText('1 of 1 step done')
  await expect(made).toContainText(/– done$/)
  await pane.getByRole('button', { name: 'Hide assignment' }).click()
  await expect(pane).toBeHidden()
  await student.goto('/work')
  await expect(line).toContainText('1 of 1 step done')
  await expect(line.getByRole('link', { name: 'Continue Loops' })).toBeVisible()

  await page.getByRole('tab', { name: 'Students' }).click()
  const row = page.getByRole('row').filter({ hasText: 'Mia' })
  await expect(row).toContainText('1 of 1 step done')
  await row.getByRole('button', { name: 'Give Mia more time' }).click()
  await page.getByRole('dialog').getByLabel('Due').fill('2999-12-10T12:00')
  await page.keyboard.press('Enter')
  await expect(row).toContainText('Dec 10, 2999, 12:00')
  await student.reload()
  await expect(line).toContainText('You have more time than the others.')
  await student.context().close()
})

test('assignments are put in order by the keyboard, copied, imported as a course with a preview, and deleted', async ({
  annPage: page,
  ann,
}) => {
  const school = await classWithStudent(ann, 'Computing 11a', 'Noa')
  for (const title of ['One', 'Two', 'Three']) {
    await ann.call('POST', `${school.path}/assignments`, { title })
  }
  await page.goto(school.page)
  const list = page.getByRole('region', { name: 'Assignments' }).first()
  const titles = list.getByRole('rowgroup').last().getByRole('link')
  await expect(titles).toHaveText(['One', 'Two', 'Three'])
  await page.getByRole('button', { name: 'Move Three up' }).focus()
  await page.keyboard.press('Enter')
  await expect(titles).toHaveText(['One', 'Three', 'Two'])
  // The focus goes with the row.
  await expect(page.getByRole('button', { name: 'Move Three up' })).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(titles).toHaveText(['Three', 'One', 'Two'])
  await page.reload()
  await expect(titles).toHaveText(['Three', 'One', 'Two'])

  await page.getByRole('button', { name: 'Actions for One' }).click()
  await page.getByRole('menuitem', { name: 'Duplicate' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Duplicate' }).click()
  await expect(titles).toHaveText(['Three', 'One', 'Two', 'One (copy)'])

  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Export course' }).click(),
  ])
  const archive = await download.path()
  await page.getByRole('button', { name: 'Actions for Two' }).click()
  await page.getByRole('menuitem', { name: 'Delete assignment' }).click()
  await answer(page, 'Delete assignment')
  await expect(titles).toHaveText(['Three', 'One', 'One (copy)'])
  await page.getByRole('button', { name: 'Import course' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('File', { exact: true }).setInputFiles(archive)
  await dialog.getByRole('button', { name: 'Show what changes' }).click()
  await expect(dialog).toContainText('1 assignment added')
  await expect(dialog.getByRole('listitem')).toHaveText(['Two', 'One (copy): place'])
  await dialog.getByRole('button', { name: 'Import' }).click()
  await expect(dialog).toBeHidden()
  await expect(titles).toHaveText(['Three', 'One', 'Two', 'One (copy)'])
})

test('tests of GitHub Classroom are shown before they are added, with what was not understood', async ({
  annPage: page,
  ann,
}) => {
  const school = await classWithStudent(ann, 'Computing 11b', 'Ida')
  const { body } = await ann.call('POST', `${school.path}/assignments`, { title: 'Sums' })
  await page.goto(`/assignments/${body.id}`)
  await page.getByRole('tab', { name: 'Tests' }).click()
  await page.getByRole('button', { name: 'Import tests' }).click()
  const dialog = page.getByRole('dialog')
  const content = JSON.stringify({
    tests: [
      { name: 'Adds', run: 'python3 sum.py', output: '3', comparison: 'included', points: 5 },
      { name: 'x' },
    ],
  })
  await dialog.getByLabel('File', { exact: true }).setInputFiles({
    ...{ name: 'autograding.json', mimeType: 'application/json', buffer: Buffer.from(content) },
  })
  await dialog.getByRole('button', { name: 'Show what is found' }).click()
  await expect(dialog).toContainText('1 problem')
  await expect(dialog).toContainText('1 test to be added')
  await dialog.getByRole('button', { name: 'Add tests' }).click()
  await expect(page.getByRole('row').filter({ hasText: 'Adds' })).toContainText('5')
  await page.getByRole('button', { name: 'Edit the test Adds' }).click()
  await dialog.getByLabel('Points').fill('7')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('1 test, 7 points')).toBeVisible()
})
