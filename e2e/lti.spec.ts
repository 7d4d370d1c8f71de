import pg from 'pg'
import { newId } from '../protocol/api/index.js'
import { TestClient } from '../testing/client.js'
import { ltiRoles, ReferencePlatform } from '../testing/lti-platform.js'
import { launchOptions } from './browser.js'
import { emailOf, expect, test } from './test.js'

const options = launchOptions({ webgl: false })
test.use({ launchOptions: { ...options, args: [...options.args, '--test-third-party-cookie-phaseout'] } })

test('a course has Cloche in a frame, and opens it in a window of its own', async ({ instance, pageOf }) => {
  const head = await TestClient.signUp(instance.url, emailOf('head'))
  const { tenant } = (await head.call('GET', '/api/v1/me')).body
  await using platform = await ReferencePlatform.start(instance.url, undefined, 'localhost')
  platform.users.set('tess', { id: 'tess', name: 'Tess Teacher', roles: [ltiRoles.teacher] })
  const database = new pg.Client({
    connectionString: `postgresql://cloche@localhost/cloche?host=${encodeURIComponent(`/run/cloche/${instance.name}/postgres`)}`,
  })
  await database.connect()
  // As if its keys had been read just now: this installation may call no platform without TLS.
  const { issuer, clientId, authUrl, tokenUrl, jwksUrl } = platform.registration
  await database.query(
    `INSERT INTO lti_platform (id, "tenantId", name, issuer, "clientId", "authUrl", "tokenUrl", "jwksUrl", deployments, jwks, "jwksAt", "createdBy")
     VALUES ($1, $2, 'Reference', $3, $4, $5, $6, $7, ARRAY['1'], $8, now() AT TIME ZONE 'UTC', 'a test')`,
    [
      ...[newId('lp'), tenant.id, issuer, clientId, authUrl, tokenUrl, jwksUrl],
      JSON.stringify({ keys: [platform.publicJwk] }),
    ],
  )
  await database.end()
  const page = await pageOf(head.extraHeaders.cookie ?? '')
  await page.goto('/settings')
  const platforms = page.getByRole('region', { name: 'Learning platforms' }).first()
  await expect(platforms.getByRole('row', { name: /Reference/ })).toBeVisible()
  await page.context().clearCookies()

  const target = `${instance.url}/lti/${tenant.id}/launch`
  await page.goto(`${platform.url}/course?user=tess&target=${encodeURIComponent(target)}`)
  const tool = page.frameLocator('iframe[name=tool]')
  await expect(tool.getByRole('heading', { name: 'Connect Informatics to a class' })).toBeVisible()
  await tool.getByRole('button', { name: 'Connect course' }).click()
  await expect(tool.getByRole('heading', { name: 'Continue as Tess Teacher' })).toBeVisible()
  const opening = page.context().waitForEvent('page')
  await tool.getByRole('button', { name: 'Open Cloche in a new window' }).click()
  const opened = await opening
  await expect(opened.getByRole('heading', { name: 'Informatics', exact: true })).toBeVisible()
  await expect(opened.getByRole('region', { name: 'Course of the learning platform' })).toContainText(
    'Connected to Informatics on Reference.',
  )
})
