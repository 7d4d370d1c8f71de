import { AxeBuilder } from '@axe-core/playwright'
import { gitServer } from './git-server.js'
import { answer, expect, test } from './test.js'

test('a repository is made, committed to, pushed and pulled, and says what changed', async ({
  annPage: page,
  terminal,
  sandbox,
  ann,
}) => {
  const inside = async (command: string) =>
    (await ann.call('POST', `/api/v1/sandboxes/${sandbox.id}/exec`, { command })).body
  await inside(
    'git config --global user.name Ann; git config --global user.email ann@example.org; printf "one\\ntwo\\n" > notes.txt; mkdir -p src; echo x > src/a.txt',
  )
  await terminal.open(sandbox.id)
  await page.keyboard.press('Control+Shift+KeyG')
  const pane = page.getByRole('region', { name: 'Source control' })
  await pane.getByRole('button', { name: 'Initialize repository' }).click()
  const changes = pane.getByRole('region', { name: 'Changes', exact: true })
  await expect(changes.getByRole('button', { name: /^notes\.txt/ })).toBeVisible()
  await pane.getByRole('textbox', { name: 'Message' }).fill('First')
  await page.keyboard.press('Control+Enter')
  await expect(pane.getByText('Nothing has changed since the last commit.')).toBeVisible()
  expect((await inside('git log --format=%s')).stdout).toBe('First\n')

  await inside(
    'printf "one\\nTWO\\n" > notes.txt; echo new > other.txt; git init -q --bare /tmp/remote.git; git remote add origin /tmp/remote.git',
  )
  await expect(changes.getByRole('button', { name: /^notes\.txt/ })).toContainText('Modified')
  await changes.getByRole('button', { name: /^notes\.txt/ }).click()
  const diff = page.getByRole('region', { name: 'Differences' })
  await expect(diff.getByText('TWO', { exact: true })).toBeVisible()
  await expect(diff.getByText('two', { exact: true })).toBeVisible()
  const axe = new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
  expect((await axe.analyze()).violations.map(({ id, nodes }) => `${id} ${nodes[0]?.html}`)).toEqual([])
  await diff.getByRole('button', { name: 'Close differences' }).click()

  await changes.getByRole('button', { name: 'Stage notes.txt' }).click()
  const staged = pane.getByRole('region', { name: 'Staged changes' })
  await expect(staged.getByRole('button', { name: /^notes\.txt/ })).toBeVisible()
  await changes.getByRole('button', { name: 'Discard changes to other.txt' }).click()
  await answer(page, 'Discard changes')
  await expect(changes).toBeHidden()
  await pane.getByRole('textbox', { name: 'Message' }).fill('Second')
  await pane.getByRole('button', { name: 'Commit', exact: true }).click()
  await expect(staged).toBeHidden()
  await pane.getByRole('button', { name: /^Push/ }).click()
  await expect(page.getByText('Pushed.', { exact: true })).toBeVisible()
  expect((await inside('git -C /tmp/remote.git log --format=%s main')).stdout).toBe('Second\nFirst\n')

  await pane.getByRole('button', { name: /^Branch/ }).click()
  await page.getByRole('menuitem', { name: 'New branch' }).click()
  await page.getByRole('textbox', { name: 'Name of the branch' }).fill('topic')
  await page.keyboard.press('Enter')
  await expect(pane.getByRole('button', { name: 'Branch: topic' })).toBeVisible()
  await page.keyboard.press('Control+Shift+KeyG')
  await expect(pane).toBeHidden()
})

test('a repository is cloned with a password that is asked for and stays outside', async ({
  annPage: page,
  terminal,
  sandbox,
  ann,
}) => {
  const inside = async (command: string) =>
    (await ann.call('POST', `/api/v1/sandboxes/${sandbox.id}/exec`, { command })).body
  await inside(gitServer())
  await terminal.open(sandbox.id)
  await page.keyboard.press('Control+Shift+KeyG')
  const pane = page.getByRole('region', { name: 'Source control' })
  await pane.getByRole('button', { name: 'Clone repository' }).last().click()
  await page.getByRole('textbox', { name: 'Address' }).fill('http://127.0.0.1:8418/project.git')
  await page.getByRole('button', { name: 'Clone', exact: true }).click()
  const signIn = page.getByRole('dialog', { name: 'Sign in to the repository' })
  await signIn.getByLabel('User name').fill('ann')
  await signIn.getByLabel('Password or token').fill('wrong-word')
  await page.keyboard.press('Enter')
  await expect(signIn.getByText('This name and password were refused.')).toBeVisible()
  await signIn.getByLabel('User name').fill('ann')
  await signIn.getByLabel('Password or token').fill('right-word')
  await page.keyboard.press('Enter')
  await expect(pane.getByRole('button', { name: 'Branch: main' })).toBeVisible()
  expect((await inside('cat project/README')).stdout).toBe('hello\n')
  expect((await inside('grep -rsl right-word /home /tmp /root /var | grep -v server.py')).stdout).toBe('')
})
