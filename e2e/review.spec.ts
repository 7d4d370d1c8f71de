import type { Browser } from '@playwright/test'
import { TestClient } from '../testing/client.js'
import { expectFits } from './fits.js'
import { answer, expect, test } from './test.js'

const limits = { cpus: 0.25, memoryMiB: 64, diskMiB: 64, pids: 64 }

const program = `def read(path):
    numbers = []
    with open(path) as file:
        for line in file:
            if line.strip():
                numbers.append(int(line))
    return numbers

def mean(numbers):
    total = 0
    for number in numbers:
        total += number
    return total / len(numbers)

print("mean", mean(read("numbers.txt")), max(read("numbers.txt")))
`

/** A student who has signed in with their card, in a window of their own. */
async function signIn(browser: Browser, url: string, card: string) {
  const page = await (await browser.newContext({ baseURL: url })).newPage()
  await page.goto(card)
  await page.getByRole('button', { name: /^Sign in as/ }).click()
  await page.waitForURL(/\/classes$/)
  const cookies = await page.context().cookies()
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
  return { page, client: new TestClient(url, { origin: url, cookie }) }
}

test('a teacher compares two similar hand-ins, comments on a line, and grades by a rubric; the student reads it', async ({
  annPage: page,
  ann,
  browser,
  instance,
}) => {
  const school = (await ann.call('POST', '/api/v1/classes', { name: 'Computing 12c' })).body
  const path = `/api/v1/classes/${school.id}`
  const places = []
  for (const name of ['Lea', 'Max']) {
    places.push((await ann.call('POST', `${path}/students`, { name })).body.id)
  }
  const { cards } = (await ann.call('POST', `${path}/cards`, { students: places })).body
  const wanted = { title: 'Means', published: true, limits, network: 'none', grading: { feedback: 'always' } }
  const { id } = (await ann.call('POST', `${path}/assignments`, wanted)).body
  const texts = [program, `# 我的程序\n${program.replaceAll('numbers', 'values')}`]
  const pages = []
  for (const [at, { signInName, code }] of cards.entries()) {
    const student = await signIn(browser, instance.url, `/card#${signInName}.${code}`)
    const begun = await student.client.call('POST', `/api/v1/assignments/${id}/start`)
    const sandbox = `/api/v1/sandboxes/${begun.body.sandbox}`
    await student.client.call('PUT', `${sandbox}/files?path=mean.py`, texts[at])
    const taken = await student.client.call('POST', `/api/v1/assignments/${id}/submissions`)
    expect(taken.status, JSON.stringify(taken.body)).toBe(201)
    await student.client.call('DELETE', sandbox, {})
    pages.push({ page: student.page, handIn: `/submissions/${taken.body.id}` })
  }

  await page.goto(`/assignments/${id}?part=hand-ins`)
  await page.getByRole('link', { name: 'Similar hand-ins' }).click()
  await expect(page.getByText('Similarity is no proof.')).toBeVisible()
  const row = page.getByRole('row').filter({ hasText: 'Lea' })
  await expect(row).toContainText('100 %', { timeout: 60_000 })
  await expect(row).toContainText('Max')
  await expectFits(page, 'similar hand-ins')
  await row.getByRole('link', { name: /^Compare (Lea with Max|Max with Lea)$/ }).click()
  await expect(page.getByRole('heading', { level: 1, name: /Lea/ })).toBeVisible()
  await expect(page.getByRole('region', { name: /^Lea: mean\.py/ })).toContainText('In both: def read(path):')
  await expect(page.getByRole('region', { name: /^Max: mean\.py/ })).toContainText('values.append(int(line))')
  for (const width of [820, 360, 1280]) {
    await page.setViewportSize({ width, height: 800 })
    await expectFits(page, `two hand-ins at ${width}`)
  }

  await page.getByRole('link', { name: 'Open the hand-in of Max' }).first().click()
  await expect(page.getByRole('textbox', { name: 'mean.py' })).toContainText('values')
  const comments = page.getByRole('region', { name: 'Comments on lines' })
  // The line of the cursor is the one that is meant.
  await page.getByRole('textbox', { name: 'mean.py' }).getByText('values = []').click()
  await expect(comments.getByLabel('Line of mean.py')).toHaveValue('3')
  await comments.getByLabel('Comment on this line').fill('Why a list?')
  await comments.getByRole('button', { name: 'Add comment' }).click()
  await expect(comments.getByRole('listitem')).toContainText('Why a list?')
  await comments.getByRole('button', { name: 'Edit the comment on mean.py, line 3' }).click()
  await comments.getByRole('listitem').getByLabel('Comment on this line').fill('Why do you need a list?')
  await comments.getByRole('button', { name: 'Save comment' }).click()
  await expect(comments.getByRole('listitem')).toContainText('Why do you need a list?')
  for (const width of [360, 1280]) {
    await page.setViewportSize({ width, height: 800 })
    await expectFits(page, `comments at ${width}`)
  }

  const [, max] = pages
  if (max === undefined) throw new Error('Max has not handed in')
  await max.page.goto(max.handIn)
  const read = max.page.getByRole('region', { name: 'Comments on lines' })
  await expect(read.getByRole('listitem')).toContainText('Why do you need a list?')
  await expect(read.getByRole('button', { name: /Delete|Add/ })).toHaveCount(0)
  await read.getByRole('button', { name: 'mean.py, line 3' }).click()
  await expect(max.page.locator('.cm-marked')).toContainText('values = []')

  await comments.getByRole('button', { name: 'Delete the comment on mean.py, line 3' }).click()
  await answer(page, 'Delete comment')
  await expect(page.getByText('No comments on lines yet.')).toBeVisible()

  // A rubric is written with a level on each line, and chosen where points are given otherwise.
  await page.goto(`/assignments/${id}`)
  await page.getByRole('tab', { name: 'Tests' }).click()
  const rubric = page.getByRole('region', { name: 'Rubric' })
  await rubric.getByRole('button', { name: 'Add criterion' }).click()
  await rubric.getByLabel('Criterion 1', { exact: true }).fill('Clear names')
  await rubric.getByLabel('Levels of Clear names').fill('nothing')
  await rubric.getByRole('button', { name: 'Save' }).click()
  await expect(rubric.getByRole('alert')).toContainText('begins with points')
  await rubric.getByLabel('Levels of Clear names').fill('0 Letters\n3 All say what they mean')
  await rubric.getByRole('button', { name: 'Save' }).click()
  await expect(rubric.getByRole('button', { name: 'Save' })).toBeDisabled()
  await page.goto(max.handIn)
  const grade = page.getByRole('region', { name: 'Grade', exact: true })
  await grade.getByRole('radio', { name: /^3 points/ }).click()
  await expect(grade.getByText('3 of 3 points')).toBeVisible()
  await grade.getByRole('button', { name: 'Give points', exact: true }).click()
  await expect(grade.getByRole('list', { name: 'Rubric' })).toContainText('All say what they mean')
  await max.page.goto(`/assignments/${id}`)
  await expect(max.page.getByRole('list', { name: 'Rubric' })).toContainText('Clear names')
  for (const one of pages) await one.page.context().close()
})
