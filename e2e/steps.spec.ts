import { TestClient } from '../testing/client.js'
import { expect, test } from './test.js'

test('what ends processes says so first: stop in the workspace and in the list', async ({
  annPage: page,
  terminal,
  sandbox,
  ann,
}) => {
  const stateOf = async () => (await ann.call('GET', `/api/v1/sandboxes/${sandbox.id}`)).body.state
  await terminal.open(sandbox.id)
  // Labelled in words, not by a tip alone.
  await expect(page.getByRole('button', { name: 'Pause', exact: true })).toHaveText('Pause')
  await expect(page.getByRole('button', { name: 'Stop', exact: true })).toHaveText('Stop')
  await page.getByRole('button', { name: 'Stop', exact: true }).click()
  const question = page.getByRole('alertdialog')
  await expect(question).toContainText('unsaved work in them is lost')
  await question.getByRole('button', { name: 'Cancel' }).click()
  expect(await stateOf()).toBe('running')
  await terminal.run('echo still $((40+2))', /^still 42$/m)

  await page.goto('/sandboxes')
  await page.getByRole('button', { name: `Actions for ${sandbox.name}` }).click()
  await page.getByRole('menuitem', { name: 'Stop' }).click()
  expect(await stateOf()).toBe('running')
  await question.getByRole('button', { name: 'Stop sandbox' }).click()
  await expect(question).toBeHidden()
  expect(await stateOf()).toBe('stopped')
})

test('an operator is asked before a whole tenant is paused', async ({ pageOf, instance, ben }) => {
  const operator = await TestClient.signIn(instance.url, instance.admin.email, instance.admin.password)
  const page = await pageOf(operator.extraHeaders.cookie ?? '')
  await page.goto('/operator')
  await page.getByRole('button', { name: /^Pause ben/ }).click()
  const question = page.getByRole('alertdialog')
  await expect(question).toContainText('is frozen')
  await question.getByRole('button', { name: 'Cancel' }).click()
  await expect(page.getByRole('button', { name: /^Pause ben/ })).toBeVisible()
  expect((await ben.call('GET', '/api/v1/quota')).status).toBe(200)

  await page.getByRole('button', { name: /^Pause ben/ }).click()
  await question.getByRole('button', { name: 'Pause tenant' }).click()
  await page.getByRole('button', { name: /^Resume ben/ }).click()
  await expect(page.getByRole('button', { name: /^Pause ben/ })).toBeVisible()
})
