import { expect, test } from './test.js'

test('a teacher sees where the class is stuck, a student what is shown of them, and their data is deleted by their name', async ({
  annPage: page,
  ann,
  browser,
  instance,
  mayComplain,
}) => {
  mayComplain(/status of 400/) // the first name is a wrong one
  const { body: school } = await ann.call('POST', '/api/v1/classes', { name: 'Computing 9', timeZone: 'UTC' })
  const path = `/api/v1/classes/${school.id}`
  const { body: pupil } = await ann.call('POST', `${path}/students`, { name: 'Mia Berg' })
  const { cards } = (await ann.call('POST', `${path}/cards`, { students: [pupil.id] })).body
  const { body: task } = await ann.call('POST', `${path}/assignments`, {
    ...{ title: 'Loops', published: true },
    tests: [{ id: 'run', name: 'It runs', points: 2, command: 'true' }],
  })
  for (const [at, points] of [0, 0.5, 1, 2, 2].entries()) {
    const { body: other } = await ann.call('POST', `${path}/students`, { name: `Student ${at}` })
    await ann.call('PUT', `/api/v1/assignments/${task.id}/grades/${other.userId}`, { points })
  }

  await page.goto(`/assignments/${task.id}?part=statistics`)
  const counts = page.getByRole('region', { name: 'Statistics', exact: true }).first()
  await expect(counts.getByRole('row', { name: /^Handed in 0 of 6/ })).toBeVisible()
  const points = page.getByRole('region', { name: 'Points', exact: true }).first()
  await expect(points.getByRole('row', { name: /^1\.8 to 2 2/ })).toBeVisible()
  await expect(page.getByText('No test fails.')).toBeVisible()
  await expect(page.getByText(/^Shown from five students on/).first()).toBeVisible()

  const student = await (await browser.newContext({ baseURL: instance.url })).newPage()
  await student.goto(`/card#${cards[0].signInName}.${cards[0].code}`)
  await student.getByRole('button', { name: /^Sign in as/ }).click()
  await student.waitForURL(/\/classes$/)
  await student.goto(`/classes/${school.id}`)
  const download = student.waitForEvent('download')
  await student.getByRole('link', { name: 'Download my data' }).click()
  expect((await download).suggestedFilename()).toBe('Computing 9 Mia Berg.tar')
  await student.context().close()

  await page.goto(`/classes/${school.id}`)
  await expect(page.getByRole('checkbox', { name: /^Show minutes of each student/ })).toBeDisabled()
  await page.getByRole('button', { name: 'Data of Mia Berg' }).click()
  await page.getByRole('menuitem', { name: 'Delete data' }).click()
  const dialog = page.getByRole('dialog', { name: 'Delete the data of Mia Berg?' })
  await dialog.getByRole('textbox').fill('Mia')
  await dialog.getByRole('button', { name: 'Delete data' }).click()
  await expect(dialog.getByRole('alert')).toContainText('nothing was deleted')
  await dialog.getByRole('textbox').fill('Mia Berg')
  await dialog.getByRole('button', { name: 'Delete data' }).click()
  await expect(page.getByText('Deleted the data of Mia Berg.')).toBeVisible()
})
