import { answer, expect, test } from './test.js'

test('a sandbox is kept as snapshots at times of day: made, run, changed, turned off and deleted in the page', async ({
  annPage: page,
  ann,
  sandbox,
  mayComplain,
}) => {
  mayComplain(/400/)
  const row = (name: string) => page.getByRole('row').filter({ hasText: name })
  const act = async (name: string, item: string) => {
    await row(name)
      .getByRole('button', { name: `Actions for ${name}` })
      .click()
    await page.getByRole('menuitem', { name: item, exact: true }).click()
  }
  // From the list of sandboxes.
  await page.goto('/sandboxes')
  await page.getByRole('button', { name: `Actions for ${sandbox.name}` }).click()
  await page.getByRole('menuitem', { name: 'Schedules' }).click()
  await expect(page.getByText('No schedules yet')).toBeVisible()
  await page.getByRole('button', { name: 'New schedule' }).click()
  const dialog = page.getByRole('dialog')
  await expect(dialog.getByLabel('Sandbox', { exact: true })).toHaveValue(sandbox.id)
  await dialog.getByLabel('When').selectOption('weekly')
  await dialog.getByLabel('Time', { exact: true }).fill('07:15')
  await dialog.getByLabel('Day', { exact: true }).selectOption('Friday')
  await dialog.getByLabel('Time zone').fill('Asia/Shanghai')
  await dialog.getByLabel('Snapshots to keep').fill('3')
  await dialog.getByLabel('Name').fill('Fridays')
  await page.keyboard.press('Enter')
  await expect(row('Fridays')).toContainText('Every Friday at 07:15')
  await expect(row('Fridays')).toContainText('Asia/Shanghai')
  await act('Fridays', 'Run now')
  await expect(row('Fridays')).toContainText('Succeeded', { timeout: 30_000 })
  const { body } = await ann.call('GET', `/api/v1/snapshots?sandbox=${sandbox.id}`)
  expect(body.items).toHaveLength(1)
  // What makes no sense is said in the form, and nothing is lost.
  await act('Fridays', 'Edit')
  await dialog.getByLabel('When').selectOption('custom')
  await dialog.getByLabel('Cron expression').last().fill('* * * * *')
  await page.keyboard.press('Enter')
  await expect(dialog).toContainText('more often than every 5 minutes')
  await dialog.getByLabel('Cron expression').last().fill('*/30 * * * *')
  await dialog.getByRole('button', { name: 'Save schedule' }).click()
  await expect(row('Fridays')).toContainText('*/30 * * * *')
  await act('Fridays', 'Turn off')
  await expect(row('Fridays')).toContainText('Off')
  await act('Fridays', 'Delete schedule')
  await answer(page, 'Delete schedule')
  await expect(page.getByText('No schedules yet')).toBeVisible()
  for (const { id } of body.items) await ann.call('DELETE', `/api/v1/snapshots/${id}`)
})

test('a template that is rebuilt tells of its failure', async ({ annPage: page, ann }) => {
  await page.goto('/schedules')
  await page.getByRole('button', { name: 'New schedule' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Action').selectOption('rebuild')
  await dialog.getByLabel('Template').fill('course')
  await dialog.getByLabel('Rebuild from').selectOption('image')
  await dialog.getByLabel('Image of the registry').last().fill('course:1.0')
  await dialog.getByLabel('Name').fill('Course')
  await dialog.getByRole('button', { name: 'Create schedule' }).click()
  const row = page.getByRole('row').filter({ hasText: 'Course' })
  await row.getByRole('button', { name: 'Actions for Course' }).click()
  await page.getByRole('menuitem', { name: 'Run now' }).click()
  await expect(row).toContainText('Image not found', { timeout: 30_000 })
  const { body } = await ann.call('GET', '/api/v1/schedules')
  for (const { id } of body.items) await ann.call('DELETE', `/api/v1/schedules/${id}`)
})
