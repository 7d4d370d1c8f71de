import type { Page } from '@playwright/test'
import pg from 'pg'
import { TestClient } from '../testing/client.js'
import { newPublicKey } from '../testing/ssh-key.js'
import { password } from './shared.js'
import { answer, emailOf, expect, test } from './test.js'

const changed = 'staple battery horse'

/** @returns a page of somebody who has just signed up; every test has its own, for accounts end here */
async function signUp(url: string, name: string, pageOf: (cookie: string) => Promise<Page>) {
  const client = await TestClient.signUp(url, emailOf(name))
  return { client, page: await pageOf(client.extraHeaders.cookie ?? '') }
}

test('name and password are changed, and the sessions elsewhere are listed and ended', async ({
  pageOf,
  instance,
  mayComplain,
}) => {
  mayComplain(/status of 403/)
  const { page } = await signUp(instance.url, 'kim', pageOf)
  const signIn = (typed: string) => TestClient.signIn(instance.url, emailOf('kim'), typed)
  const isIn = async (client: TestClient) => (await client.call('GET', '/api/v1/me')).status === 200
  await page.goto('/account')
  const profile = page.getByRole('region', { name: 'Profile' })
  await expect(profile.getByLabel('Email')).toBeDisabled()
  await profile.getByLabel('Name').fill('Kim of Physics')
  await profile.getByRole('button', { name: 'Save name' }).click()
  await expect(page.getByText('Saved your name.').first()).toBeVisible()
  await page.reload()
  await expect(profile.getByLabel('Name')).toHaveValue('Kim of Physics')

  // One session elsewhere is ended by itself, the others together.
  const elsewhere = [await signIn(password), await signIn(password), await signIn(password)]
  await page.reload()
  const sessions = page.getByRole('region', { name: 'Sessions' }).first()
  await expect(sessions.getByRole('row').filter({ hasText: 'This session' })).toHaveCount(1)
  const out = sessions.getByRole('button', { name: /^Sign out .*signed in/ })
  await expect(out).toHaveCount(3)
  await out.first().click()
  await answer(page, 'Sign out session')
  await expect(out).toHaveCount(2)
  const left = await Promise.all(elsewhere.map(isIn))
  expect(left.filter(Boolean)).toHaveLength(2)
  await sessions.getByRole('button', { name: 'Sign out all other sessions' }).click()
  await answer(page, 'Sign out other sessions')
  await expect(out).toHaveCount(0)
  expect(await Promise.all(elsewhere.map(isIn))).toEqual([false, false, false])

  const other = await signIn(password)
  const form = page.getByRole('region', { name: 'Password' })
  const change = async (current: string, next: string, repeated = next) => {
    await form.getByLabel('Current password').fill(current)
    await form.getByLabel('New password', { exact: true }).fill(next)
    await form.getByLabel('Repeat new password').fill(repeated)
    await form.getByRole('button', { name: 'Change password' }).click()
  }
  await change(password, changed, `${changed} `)
  await expect(form.getByRole('alert')).toContainText('do not match')
  await change('not the password', changed)
  await expect(form.getByRole('alert')).toContainText(/password/i)
  await expect(form.getByRole('alert')).not.toContainText('do not match')
  expect(await isIn(other)).toBe(true)
  await change(password, changed)
  await expect(page.getByText('Changed your password.', { exact: false }).first()).toBeVisible()
  await expect(form.getByLabel('Current password')).toHaveValue('')
  expect(await isIn(other)).toBe(false)
  await expect(signIn(password)).rejects.toThrow('401')
  expect(await isIn(await signIn(changed))).toBe(true)
  await page.reload()
  await expect(page.getByRole('heading', { name: 'Account', level: 1 })).toBeVisible()
})

test('deleting an account shows first what it deletes, and what stands in the way', async ({
  pageOf,
  instance,
  mayComplain,
}) => {
  mayComplain(/status of 403/)
  const { page, client } = await signUp(instance.url, 'lou', pageOf)
  const limits = { cpus: 0.5, memoryMiB: 128, diskMiB: 64, pids: 64 }
  const box = (await client.call('POST', '/api/v1/sandboxes', { name: 'in the way', limits })).body
  await page.goto('/account')
  const dialog = page.getByRole('dialog', { name: 'Delete your account?' })
  await page.getByRole('button', { name: 'Delete account…' }).click()
  await expect(dialog).toContainText('delete its 1 sandbox')
  await expect(dialog.getByRole('button', { name: 'Delete account' })).toHaveCount(0)
  await page.keyboard.press('Escape')

  await client.call('DELETE', `/api/v1/sandboxes/${box.id}`, {})
  await client.call('POST', '/api/v1/keys', { name: 'robot' })
  await page.reload()
  await page.getByRole('button', { name: 'Delete account…' }).click()
  await expect(dialog).toContainText('your account and all its sessions')
  await expect(dialog).toContainText("lou's tenant with 0 runs, 1 API key")
  await dialog.getByLabel('Current password').fill('not the password')
  await dialog.getByRole('button', { name: 'Delete account' }).click()
  await expect(dialog.getByRole('alert')).toContainText(/password/i)
  expect((await client.call('GET', '/api/v1/me')).status).toBe(200)
  await dialog.getByLabel('Current password').fill(password)
  await dialog.getByRole('button', { name: 'Delete account' }).click()
  await expect(page).toHaveURL(/\/sign-in$/)
  expect((await client.call('GET', '/api/v1/me')).status).toBe(401)
  await expect(TestClient.signIn(instance.url, emailOf('lou'), password)).rejects.toThrow('401')
})

test("an operator's reset link sets a new password once, and not after its time", async ({
  pageOf,
  instance,
  mayComplain,
  browser,
}) => {
  const { client } = await signUp(instance.url, 'max', pageOf)
  const { admin } = instance
  const operator = await TestClient.signIn(instance.url, admin.email, admin.password)
  const page = await pageOf(operator.extraHeaders.cookie ?? '')
  const newLink = async () => {
    await page.goto('/operator')
    await page.getByLabel('Search accounts by name or email').fill('max@')
    await page.getByRole('button', { name: `Create reset link for ${emailOf('max')}` }).click()
    const dialog = page.getByRole('dialog', { name: 'Create a password reset link' })
    await dialog.getByRole('button', { name: 'Create reset link' }).click()
    return dialog.getByRole('textbox', { name: 'Reset link' }).inputValue()
  }
  const link = await newLink()
  expect(link).toMatch(/\/reset#.{20,}$/)

  const context = await browser.newContext({ baseURL: instance.url })
  const guest = await context.newPage()
  await guest.goto(link)
  await expect(guest.getByText(emailOf('max'))).toBeVisible()
  // The secret leaves the address, where a history or a shared screen would show it.
  await expect(guest).toHaveURL(/\/reset$/)
  const set = async (next: string, repeated = next) => {
    await guest.getByLabel('New password', { exact: true }).fill(next)
    await guest.getByLabel('Repeat new password').fill(repeated)
    await guest.getByRole('button', { name: 'Set password' }).click()
  }
  await set(changed, 'something else')
  await expect(guest.getByRole('alert').filter({ hasText: 'do not match' })).toBeVisible()
  await set(changed)
  await expect(guest.getByText('Your password was changed')).toBeVisible()
  expect((await client.call('GET', '/api/v1/me')).status).toBe(401)
  await guest.getByRole('link', { name: 'Sign in' }).click()
  await guest.getByLabel('Email').fill(emailOf('max'))
  await guest.getByLabel('Password').fill(changed)
  await guest.getByRole('button', { name: 'Sign in' }).click()
  await expect(guest.getByRole('heading', { name: 'Sandboxes', level: 1 })).toBeVisible()

  mayComplain(/status of 404/)
  const refused = guest.getByRole('alert').filter({ hasText: /reset link/i })
  await guest.goto('/sign-in')
  await guest.goto(link)
  await expect(refused).toBeVisible()
  await expect(guest.getByRole('button', { name: 'Set password' })).toHaveCount(0)

  const late = await newLink()
  const database = new pg.Client(
    `postgresql://cloche@localhost/cloche?host=/run/cloche/${instance.name}/postgres`,
  )
  await database.connect()
  await database.query(`UPDATE password_reset SET "expiresAt" = now() - interval '1 second'`)
  await database.end()
  await guest.goto('/sign-in')
  await guest.goto(late)
  await expect(refused).toBeVisible()
  await expect(guest.getByRole('button', { name: 'Set password' })).toHaveCount(0)
  await guest.goto('/reset')
  await context.close()
})

test('SSH keys are added and removed, and a text that is none is told at its field', async ({
  pageOf,
  instance,
  mayComplain,
}) => {
  mayComplain(/status of 400/)
  const { page } = await signUp(instance.url, 'sasha', pageOf)
  await page.goto('/account')
  const panel = page.getByRole('region', { name: 'SSH keys' }).first()
  await panel.getByLabel('Public keys').fill('-----BEGIN OPENSSH PRIVATE KEY-----')
  await panel.getByRole('button', { name: 'Add keys' }).click()
  await expect(panel.getByText(/this is a private key/).first()).toBeVisible()
  await panel.getByLabel('Public keys').fill(newPublicKey())
  await panel.getByLabel('Key name').fill('my desk')
  await panel.getByRole('button', { name: 'Add keys' }).click()
  const row = panel.getByRole('row').filter({ hasText: 'my desk' })
  await expect(row).toContainText('SHA256:')
  await row.getByRole('button', { name: 'Remove the SSH key my desk' }).click()
  await answer(page, 'Remove key')
  await expect(row).toHaveCount(0)
})
