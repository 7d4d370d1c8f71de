import { TerminalView } from './terminal-view.js'
import { expect, test } from './test.js'

test('a teacher makes an exam, a student writes it and cannot paste, and the teacher sees how it ends', async ({
  annPage: page,
  ann,
  browser,
  instance,
}) => {
  const { body: school } = await ann.call('POST', '/api/v1/classes', {
    name: 'Computing 12',
    timeZone: 'UTC',
  })
  const path = `/api/v1/classes/${school.id}`
  const { body: pupil } = await ann.call('POST', `${path}/students`, { name: 'Lea' })
  const { cards } = (await ann.call('POST', `${path}/cards`, { students: [pupil.id] })).body
  const fromNow = (ms: number) => new Date(Date.now() + ms).toISOString()
  const { body: task } = await ann.call('POST', `${path}/assignments`, {
    ...{ title: 'Finals', text: 'Write answer.txt.', opensAt: fromNow(-60_000), dueAt: fromNow(3_600_000) },
  })
  await page.goto(`/assignments/${task.id}`)
  await page.getByRole('tab', { name: 'Times and workspace' }).click()
  const exam = page.getByRole('region', { name: 'Exam' })
  await exam.getByRole('radio', { name: /^Exam/ }).click()
  await expect(exam.getByRole('radio', { name: /^Internet/ })).toHaveCount(0)
  await exam.getByRole('button', { name: 'Save' }).click()
  await expect(exam.getByRole('button', { name: 'Save' })).toBeDisabled()
  await page.getByRole('button', { name: 'Publish', exact: true }).click()

  const student = await (await browser.newContext({ baseURL: instance.url })).newPage()
  await TerminalView.of(student)
  await student.goto(`/card#${cards[0].signInName}.${cards[0].code}`)
  await student.getByRole('button', { name: /^Sign in as/ }).click()
  await student.waitForURL(/\/classes$/)
  await student.goto(`/assignments/${task.id}`)
  await expect(student.getByText(/^Time left: 5\d min/)).toBeVisible()
  await student.getByRole('button', { name: 'Start' }).click()
  await student.waitForURL(/\/sandboxes\/sb_/)
  const pane = student.getByRole('region', { name: 'Assignment', exact: true })
  await expect(pane.getByText(/^Time left: 5\d min/)).toBeVisible()
  const terminal = await TerminalView.of(student)
  await terminal.prompt()
  await terminal.run('echo 42 > answer.txt; cat answer.txt', /^42$/m)
  const paste = () =>
    student.evaluate(() => {
      const clipboardData = new DataTransfer()
      clipboardData.setData('text/plain', 'all answers')
      const event = new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true })
      return (document.activeElement ?? document.body).dispatchEvent(event)
    })
  // Until it is loaded that this is an exam.
  await expect.poll(paste).toBe(false)

  await page.getByRole('tab', { name: 'Students' }).click()
  const row = page.getByRole('region', { name: 'Exam' }).getByRole('row').filter({ hasText: 'Lea' })
  await expect(row).not.toContainText('not started')
  const events = page.getByRole('region', { name: 'Events' })
  await expect(events.getByText('Pasted from outside (prevented)').first()).toBeVisible()
  await ann.call('PATCH', `/api/v1/assignments/${task.id}`, { dueAt: fromNow(-1000) })
  await expect(row).toContainText('handed in', { timeout: 30_000 })
  await student.goto(`/assignments/${task.id}`)
  await expect(student.getByText('This exam is over for you.')).toBeVisible()
  await student.context().close()
})
