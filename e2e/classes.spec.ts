import { answer, expect, test } from './test.js'

test('a class is made in the page, a list imported, a card printed, and a student signs in with it', async ({
  annPage: page,
  browser,
}) => {
  await page.goto('/classes')
  await page.getByRole('button', { name: 'New class' }).click()
  await page.getByRole('dialog').getByLabel('Name').fill('Computing 10b')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { name: 'Computing 10b' })).toBeVisible()
  // What would change is shown before anything does.
  await page.getByRole('button', { name: 'Import a list' }).click()
  const dialog = page.getByRole('dialog')
  const file = Buffer.from('姓名,学号,分班\n王芳,7,Tuesday\nBen,7,\n')
  await dialog
    .getByLabel('File', { exact: true })
    .setInputFiles({ name: 'roster.csv', mimeType: 'text/csv', buffer: file })
  await dialog.getByRole('button', { name: 'Show what changes' }).click()
  await expect(dialog).toContainText('1 student added')
  await expect(dialog).toContainText('Line 3: the same student as in line 2')
  await dialog.getByRole('button', { name: 'Import' }).click()
  const row = page.getByRole('row').filter({ hasText: '王芳' })
  await expect(row).toContainText('Tuesday')
  await expect(row).toContainText('Needs a card')
  await row.getByRole('checkbox').check()
  await page.getByRole('button', { name: 'Make 1 card' }).click()
  await answer(page, 'Make 1 card')
  const card = page.getByRole('list', { name: 'Sign-in cards' }).getByRole('listitem')
  await expect(card).toContainText('王芳')
  const [name = '', code = ''] = (await card.locator('dd').allTextContents()).slice(1)
  await page.getByRole('button', { name: 'Done' }).click()
  await expect(row).toContainText('Has a card')

  const context = await browser.newContext()
  const pupil = await context.newPage()
  const { origin } = new URL(page.url())
  await pupil.goto(`${origin}/card#${name}.${code}`)
  await pupil.getByRole('button', { name: `Sign in as ${name}` }).click()
  await pupil.getByRole('link', { name: 'Computing 10b' }).click()
  await expect(pupil.getByText('classmates do not')).toBeVisible()
  await expect(pupil.getByText('Tuesday')).toBeVisible()
  await context.close()
})
