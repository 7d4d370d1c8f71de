import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from './test.js'

const folders: string[] = []

/** A folder with a Dockerfile, a program that fails, and a file that is not to be sent. */
async function folder(dockerfile: string): Promise<string> {
  const at = await mkdtemp(join(tmpdir(), 'context-'))
  folders.push(at)
  await mkdir(join(at, 'src'))
  await writeFile(join(at, 'Dockerfile'), dockerfile)
  await writeFile(join(at, '.dockerignore'), 'left-out\n')
  await writeFile(join(at, 'left-out'), 'x')
  await writeFile(join(at, 'src/program.sh'), '[ -e /app/left-out ] || echo left-out is not here; exit 7')
  return at
}

test.afterAll(async () => {
  for (const at of folders) await rm(at, { recursive: true })
})

test('a Dockerfile that is written in the page becomes a template, with its log', async ({
  annPage: page,
  ann,
  mayComplain,
}) => {
  mayComplain(/status of 400/)
  await page.goto('/builds')
  await expect(page.getByText('No builds yet')).toBeVisible()
  await page.getByRole('button', { name: 'New build' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Template', { exact: true }).fill('made-here')
  const dockerfile = dialog.getByLabel('Dockerfile', { exact: true }).last()
  // What is wrong in it is said where it stands, and nothing is built.
  await dockerfile.fill('FROM base\nRUN true\nFETCH x')
  await dialog.getByRole('button', { name: 'Start build' }).click()
  await expect(dialog.getByText('Dockerfile line 3:')).toBeVisible()
  expect(await dockerfile.evaluate((area: HTMLTextAreaElement) => area.selectionStart)).toBe(
    'FROM base\nRUN true\n'.length,
  )
  await dockerfile.fill(
    'FROM base\nARG WHO\nRUN printf "\\033[32mgreen $WHO\\033[0m\\n<b>bold</b>\\n"\nRUN --mount=type=secret,id=key cat /run/secrets/key',
  )
  await dialog.getByText('More options').click()
  await dialog.getByLabel('Build arguments').fill('WHO=you')
  await dialog.getByLabel('Start command').fill('touch /tmp/begun; exec sleep 99')
  await dialog.getByLabel('Ready command').fill('test -e /tmp/begun')
  await dialog.getByRole('button', { name: 'Add secret' }).click()
  await dialog.getByLabel('Secret ID').fill('key')
  await dialog.getByLabel('Value').fill('horse-battery')
  await dialog.getByRole('button', { name: 'Start build' }).click()
  await expect(page).toHaveURL(/\/builds\/made-here\/bd_/)

  const first = page.getByRole('listitem').filter({ hasText: 'RUN printf' })
  await expect(first).toContainText('Succeeded')
  await first.getByRole('button').click()
  // With its colours, and as text.
  await expect(first.getByText('green you', { exact: true })).toHaveCSS('color', 'rgb(23, 112, 63)')
  await expect(first).toContainText('<b>bold</b>')
  await expect(first).toContainText('Line 3')
  await expect(first).toContainText(/\d m?s/)
  await expect(page.getByText('The template made-here is ready.')).toBeVisible()
  const second = page.getByRole('listitem').filter({ hasText: 'RUN cat' })
  await second.getByRole('button').click()
  await expect(second).toContainText('***')

  // Its sandboxes have what it starts as their service.
  const { body: served } = await ann.call('POST', '/api/v1/sandboxes', {
    template: 'made-here',
    network: 'none',
  })
  const health = async () => (await ann.call('GET', `/api/v1/sandboxes/${served.id}`)).body.service?.health
  await expect.poll(health, { timeout: 60_000 }).toBe('healthy')
  await ann.call('DELETE', `/api/v1/sandboxes/${served.id}`)

  // The next build finds its steps; the list has both.
  await page.getByRole('link', { name: 'Create sandbox' }).click()
  await expect(page.getByRole('radio', { name: /^made-here/ })).toBeChecked()
  await page.goto('/builds')
  await page.getByRole('link', { name: 'made-here' }).click()
  await expect(first).toContainText('Succeeded')
  await ann.call('DELETE', '/api/v1/templates/made-here')
})

test('a build that fails shows where, and one can be canceled', async ({ annPage: page }) => {
  const begin = async (name: string, dockerfile: string) => {
    await page.goto('/builds')
    await page.getByRole('button', { name: 'New build' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Template', { exact: true }).fill(name)
    await dialog.getByRole('radio', { name: /^Folder/ }).click()
    await dialog.getByLabel('Folder', { exact: true }).last().setInputFiles(dockerfile)
    await dialog.getByRole('button', { name: 'Start build' }).click()
  }
  await begin('failing', await folder('FROM base\nCOPY . /app\nRUN sh /app/src/program.sh'))
  await expect(page.getByText('Dockerfile line 3: RUN ended with exit code 7')).toBeVisible()
  const failed = page.getByRole('listitem').filter({ hasText: 'RUN sh /app' })
  await expect(failed).toContainText('Line 3')
  await expect(failed).toContainText('Failed')
  await expect(failed).toContainText('left-out is not here')

  await begin('endless', await folder('FROM base\nRUN echo begun; sleep 1000'))
  // What it prints is there while it goes on.
  await expect(page.getByText('begun', { exact: true })).toBeVisible()
  await expect(page.getByRole('listitem').filter({ hasText: 'RUN echo' })).toContainText('Running')
  await page.getByRole('button', { name: 'Cancel build' }).click()
  await expect(page.getByRole('status').filter({ hasText: 'Canceled' })).toBeVisible()
  await page.goto('/builds')
  const row = (name: string) => page.getByRole('row').filter({ hasText: name })
  await expect(row('endless')).toContainText('Canceled')
  await expect(row('failing')).toContainText('Dockerfile line 3: RUN ended with exit code 7')
})
