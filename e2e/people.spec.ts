import { createHash } from 'node:crypto'
import { TestClient } from '../testing/client.js'
import { password } from './shared.js'
import { answer, emailOf, expect, test } from './test.js'

test('an invitation by link: whoever has it signs up, joins, and works in the same tenant', async ({
  annPage: page,
  browser,
  instance,
  sandbox,
}) => {
  await page.goto('/members')
  await page.getByRole('button', { name: 'Invite a member' }).click()
  await page.getByLabel('Email').fill(emailOf('eve'))
  await page.getByRole('button', { name: 'Create invite link' }).click()
  const link = await page.getByRole('textbox', { name: 'Invite link' }).inputValue()
  expect(link).toMatch(/\/join#.{20,}$/)
  await page.keyboard.press('Escape')
  await expect(page.getByRole('cell', { name: emailOf('eve') })).toBeVisible()

  // Whoever is signed in as somebody else is not let in by mistake, and keeps the invitation over the change.
  await TestClient.signUp(instance.url, emailOf('quinn'), password)
  const context = await browser.newContext({ baseURL: instance.url })
  const guest = await context.newPage()
  await guest.goto('/sign-in')
  await guest.getByLabel('Email').fill(emailOf('quinn'))
  await guest.getByLabel('Password').fill(password)
  await guest.getByRole('button', { name: 'Sign in' }).click()
  await guest.waitForURL(/\/sandboxes$/)
  await guest.goto(link)
  await expect(guest.getByText(/quinn@example\.test/)).toBeVisible()
  await expect(guest.getByRole('button', { name: /^Join/ })).toHaveCount(0)
  await guest.getByRole('button', { name: 'Switch account' }).click()
  await guest.waitForURL(/\/sign-in\?next=\/join$/)
  await guest.goto('/join')
  await expect(guest.getByRole('heading', { name: /^Join ann's tenant/ })).toBeVisible()
  await expect(guest.getByText('ann (ann@example.test)')).toBeVisible()
  await guest.getByRole('link', { name: 'Create an account' }).click()
  await expect(guest.getByLabel('Email')).toHaveValue(emailOf('eve'))
  await guest.getByLabel('Name').fill('Eve')
  await guest.getByLabel('Password').fill(password)
  await guest.getByRole('button', { name: 'Create account' }).click()
  await expect(guest).toHaveURL(/\/join$/)
  await guest.getByRole('button', { name: /^Join ann/ }).click()
  await expect(guest.getByRole('link', { name: sandbox.name })).toBeVisible()
  const places = guest.getByRole('navigation', { name: 'Main' })
  await expect(places.getByRole('link', { name: 'Members' })).toBeVisible()
  await expect(places.getByRole('link', { name: /API keys|Audit/ })).toHaveCount(0)
  await guest.goto('/keys')
  await expect(guest.getByRole('heading', { name: 'API keys' })).toBeVisible()
  await expect(guest.getByRole('button', { name: 'New key' })).toBeHidden()
  await context.close()

  await page.reload()
  await page.getByLabel('Role of Eve').selectOption('admin')
  await expect(page.getByText('Eve now has the role Admin.').first()).toBeVisible()
  await page.getByRole('row', { name: /Eve/ }).getByRole('button', { name: 'Remove' }).click()
  await answer(page, 'Remove member')
  await expect(page.getByRole('row', { name: /Eve/ })).toBeHidden()
})

test('a link for a class: a student joins with the code, and sees only what is their own', async ({
  annPage: page,
  browser,
  instance,
  sandbox,
}) => {
  await page.goto('/members')
  await page.getByRole('button', { name: 'Invite a member' }).click()
  await page.getByRole('radio', { name: /A class/ }).click()
  await page.getByLabel('People at most').fill('3')
  await page.getByRole('button', { name: 'Create invite link' }).click()
  const code = await page.getByRole('textbox', { name: 'Code' }).inputValue()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('cell', { name: 'Anyone with the link (0 of 3 joined)' })).toBeVisible()

  await TestClient.signUp(instance.url, emailOf('fay'), password)
  const context = await browser.newContext({ baseURL: instance.url })
  const student = await context.newPage()
  await student.goto('/join')
  await student.getByLabel('Code').fill(code.toLowerCase())
  await student.getByRole('button', { name: 'Next' }).click()
  await expect(student.getByRole('heading', { name: /^Join ann's tenant/ })).toBeVisible()
  await student.getByRole('link', { name: 'Sign in' }).click()
  await student.getByLabel('Email').fill(emailOf('fay'))
  await student.getByLabel('Password').fill(password)
  await student.getByRole('button', { name: 'Sign in' }).click()
  await student.getByRole('button', { name: /^Join ann/ }).click()
  await expect(student.getByText('No sandboxes yet')).toBeVisible()
  const places = student.getByRole('navigation', { name: 'Main' }).getByRole('link')
  await expect(places).toHaveText([
    ...['Sandboxes', 'My work', 'Classes', 'Runs', 'Usage', 'Settings', 'API reference'],
  ])
  await student.goto(`/sandboxes/${sandbox.id}`)
  await expect(student.getByText('Sandbox not found')).toBeVisible()
  await context.close()

  await page.reload()
  await expect(page.getByRole('cell', { name: 'Anyone with the link (1 of 3 joined)' })).toBeVisible()
  await page.getByRole('button', { name: 'Withdraw' }).click()
  await answer(page, 'Withdraw invitation')
  await expect(page.getByRole('cell', { name: /Anyone with the link/ })).toBeHidden()
  await page.getByRole('row', { name: /fay/ }).getByRole('button', { name: 'Remove' }).click()
  await answer(page, 'Remove member')
  await expect(page.getByRole('row', { name: /fay/ })).toBeHidden()
})

test('an API key is shown once, works, and works no more when it is revoked', async ({
  annPage: page,
  instance,
}) => {
  await page.goto('/keys')
  await page.getByRole('button', { name: 'New key' }).click()
  await page.getByLabel('Name').fill('robot')
  await page.getByText('Limits', { exact: true }).click()
  await page.getByLabel(/^Only what it makes/).check()
  await page.getByLabel('Sandboxes at once').fill('1')
  await page.getByRole('radio', { name: /No network access/ }).click()
  await page.getByRole('button', { name: 'Create key' }).click()
  const key = await page.getByRole('textbox', { name: 'Key', exact: true }).inputValue()
  await page.getByRole('button', { name: 'Done' }).click()
  const robot = TestClient.withKey(instance.url, key)
  const limits = { ownOnly: true, sandboxes: 1, network: 'none' }
  expect((await robot.call('GET', '/api/v1/me')).body.key.limits).toEqual(limits)
  await page.reload()
  await expect(page.getByRole('row', { name: /robot/ })).toContainText('1 sandbox at once')
  await expect(page.getByRole('row', { name: /robot/ })).toBeVisible()
  expect(await page.content()).not.toContain(key)

  await page.getByRole('button', { name: 'Revoke robot' }).click()
  await answer(page, 'Revoke key')
  await expect(page.getByRole('row', { name: /robot/ })).toBeHidden()
  expect((await robot.call('GET', '/api/v1/me')).status).toBe(401)
})

test('a program is let in by OAuth with limits, and is listed with the keys', async ({
  annPage: page,
  instance,
}) => {
  const anybody = new TestClient(instance.url)
  const redirectUri = `${instance.url}/sandboxes`
  const registration = { client_name: 'Robot', redirect_uris: [redirectUri] }
  const { client_id } = (await anybody.call('POST', '/oauth/register', registration)).body
  const verifier = 'v'.repeat(43)
  const query = new URLSearchParams({
    ...{ client_id, redirect_uri: redirectUri, response_type: 'code', state: 'mine' },
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })
  await page.goto(`/authorize?${query}`)
  await expect(page.getByText('Robot wants to use sandboxes of')).toBeVisible()
  await expect(page.getByText(new URL(instance.url).host)).toBeVisible()
  await page.getByLabel(/^Read only/).check()
  const [request] = await Promise.all([
    page.waitForRequest(/[?&]code=clc_/),
    page.getByRole('button', { name: 'Allow access' }).click(),
  ])
  await expect(page.getByRole('heading', { name: 'Sandboxes', level: 1 })).toBeVisible()
  const form = new URLSearchParams({
    ...{ grant_type: 'authorization_code', client_id, redirect_uri: redirectUri, code_verifier: verifier },
    code: new URL(request.url()).searchParams.get('code') ?? '',
  })
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  expect((await anybody.call('POST', '/oauth/token', form.toString(), headers)).status).toBe(200)
  await page.goto('/keys')
  await expect(page.getByRole('row', { name: /Robot/ })).toContainText('by OAuth, for /mcp only')
  await page.getByRole('button', { name: 'Revoke Robot' }).click()
  await answer(page, 'Revoke key')
  await expect(page.getByRole('row', { name: /Robot/ })).toBeHidden()
})
