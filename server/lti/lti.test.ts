import { createHmac } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AnotherServer } from '../../testing/another-server.js'
import { TestClient } from '../../testing/client.js'
import { freePort, type Instance, openInstance } from '../../testing/instance.js'
import {
  expectRefused,
  framed,
  type Launching,
  LaunchingBrowser,
  ticketOf,
} from '../../testing/lti-browser.js'
import { ltiClaims, ltiRoles, type PlatformUser, ReferencePlatform } from '../../testing/lti-platform.js'

const person = (id: string, ...roles: (keyof typeof ltiRoles)[]): PlatformUser => ({
  ...{ id, name: `${id} of the platform`, roles: roles.map((one) => ltiRoles[one]) },
})
const tess = person('tess', 'teacher')
const otto = person('otto', 'teacher', 'assistant')
const ann = person('ann', 'student')
const ben = person('ben', 'student', 'institutionAdministrator')

describe('a learning platform', () => {
  let instance: Instance
  let settings: Record<string, string>
  let platform: ReferencePlatform
  let database: pg.Client
  let owner: TestClient
  let browser: LaunchingBrowser
  let tenantId = ''
  let [classId, assignment] = ['', '']
  let other: AnotherServer | undefined

  const must = async (who: TestClient, method: string, path: string, body?: object) => {
    const answer = await who.call(method, path, body)
    expect(answer.status, `${method} ${path}: ${JSON.stringify(answer.body)}`).toBeLessThan(300)
    return answer.body
  }
  const launch = (user: PlatformUser, how: Launching = {}) => browser.launch(user, how)
  const refused = expectRefused
  /** The keys were read some time ago. */
  const forgetKeys = () =>
    database.query(
      `UPDATE lti_platform SET "jwksAt" = "jwksAt" - interval '1 minute' WHERE "jwksAt" IS NOT NULL`,
    )

  beforeAll(async () => {
    const port = await freePort()
    settings = { CLOCHE_LTI_ALLOW: '127.0.0.0/8', CLOCHE_LTI_HTTP: `127.0.0.1:${port}` }
    instance = await openInstance('lti', settings)
    platform = await ReferencePlatform.start(instance.url, port)
    const host = encodeURIComponent(`/run/cloche/${instance.name}/postgres`)
    database = new pg.Client({ connectionString: `postgresql://cloche@localhost/cloche?host=${host}` })
    await database.connect()
    owner = await TestClient.signUp(instance.url, 'head@example.org')
    tenantId = String((await must(owner, 'GET', '/api/v1/me')).tenant.id)
    browser = new LaunchingBrowser(instance.url, platform, tenantId)
    await must(owner, 'POST', '/api/v1/lti/platforms', platform.registration)
  }, 120_000)
  afterAll(async () => {
    await other?.[Symbol.asyncDispose]()
    await database?.end()
    await platform?.[Symbol.asyncDispose]()
    await instance?.[Symbol.asyncDispose]()
  })

  it('lets nobody into a course before its teacher has connected it to a class, in a frame and without cookies', async () => {
    await refused(launch(ann), /a teacher of the course has to open it first/)
    await refused(launch(otto), /a teacher of the course has to open it first/)
    const page = await launch(tess, { dest: framed, withCookie: false })
    expect(page).toMatchObject({
      status: 200,
      text: expect.stringContaining('Connect Informatics to a class'),
    })
    expect(page.headers.get('x-frame-options')).toBeNull()
    expect(page.headers.get('content-security-policy')).toContain(`frame-ancestors 'self' ${platform.url}`)
    const ticket = ticketOf(page.text)
    const form = { ticket, class: '', name: 'Informatics 10b', timeZone: 'Asia/Shanghai' }
    expect((await browser.post('/lti/bind', form, { origin: 'https://evil.example' })).status).toBe(403)
    const bound = await browser.submit('/lti/bind', form)
    expect(bound.text).toContain('Continue as tess of the platform')
    const opened = await browser.submit('/lti/open', { ticket })
    expect(opened.status, opened.text).toBe(303)
    classId = /^\/classes\/(cl_\w+)$/.exec(opened.headers.get('location') ?? '')?.[1] ?? ''
    const client = browser.signedIn(opened.headers)
    const me = await must(client, 'GET', '/api/v1/me')
    expect(me).toMatchObject({ user: { operator: false }, tenant: { id: tenantId, role: 'member' } })
    expect(await must(client, 'GET', `/api/v1/classes/${classId}`)).toMatchObject({
      ...{ name: 'Informatics 10b', timeZone: 'Asia/Shanghai', role: 'teacher' },
    })
    expect((await client.call('GET', '/api/v1/lti/platforms')).status).toBe(403)
    await refused(browser.submit('/lti/open', { ticket }), /used already/)
    assignment = String(
      (
        await must(client, 'POST', `/api/v1/classes/${classId}/assignments`, {
          title: 'Loops',
          published: true,
        })
      ).id,
    )
  })

  it('makes people what they are in the course, the same each time, and never an administrator', async () => {
    const roleOf = async (user: PlatformUser) => {
      const { client, location } = await browser.enter(user)
      const { user: account, tenant } = await must(client, 'GET', '/api/v1/me')
      const { role } = await must(client, 'GET', `/api/v1/classes/${classId}`)
      return { id: account.id, tenant: tenant.role, role, location }
    }
    const first = await roleOf(ann)
    expect(first).toMatchObject({ tenant: 'student', role: 'student', location: '/work' })
    expect(await roleOf(ann)).toEqual(first)
    const everything = person('ben', 'student', 'institutionAdministrator')
    expect(await roleOf(everything)).toMatchObject({ tenant: 'student', role: 'student' })
    expect(await roleOf(otto)).toMatchObject({ tenant: 'member', role: 'assistant' })
    expect(await roleOf(tess)).toMatchObject({ tenant: 'member', role: 'teacher' })
    // The address of somebody else's account opens nothing: subjects alone are looked at.
    const before = await browser.enter(person('mallory', 'teacher'))
    const mallory = await browser.enter(person('mallory', 'student'), {
      changes: { email: 'head@example.org' },
    })
    const me = await must(mallory.client, 'GET', '/api/v1/me')
    expect(me).toMatchObject({ tenant: { role: 'student' } })
    expect(me.user.email).not.toContain('head@example.org')
    expect((await mallory.client.call('GET', `/api/v1/classes/${classId}/students`)).status).toBe(403)
    // Was a teacher of the course until then.
    expect((await before.client.call('GET', `/api/v1/classes/${classId}`)).status).toBe(404)
    expect((await mallory.client.call('GET', `/api/v1/classes/${classId}/course`)).status).toBe(403)
  })

  it('asks whoever has not begun the login in this browser, and names the account', async () => {
    for (const how of [{ withCookie: false }, { dest: framed }]) {
      const page = await launch(ann, how)
      expect(page).toMatchObject({
        status: 200,
        text: expect.stringContaining('Continue as ann of the platform'),
      })
      expect(page.headers.getSetCookie()).toEqual([])
    }
  })

  it.each<[string, Launching['changes'], RegExp]>([
    ['of another tool', { aud: 'another-client' }, /another aud/],
    ['of several tools, made for another', { aud: ['the-client', 'x'], azp: 'x' }, /made for another tool/],
    ['of several tools that does not say for which', { aud: ['the-client', 'x'] }, /made for another tool/],
    ['of another issuer', { iss: 'https://evil.example' }, /another iss/],
    ['that has expired', { exp: Math.floor(Date.now() / 1000) - 3600 }, /expired/],
    ['that is old', { iat: Math.floor(Date.now() / 1000) - 3600 }, /expired/],
    ['of the future', { iat: Math.floor(Date.now() / 1000) + 3600 }, /another iat/],
    ['without an end', { exp: undefined }, /another exp/],
    ['of another deployment', { [ltiClaims.deployment]: '2' }, /deployment ID 2/],
    ['with another nonce', { nonce: 'another-nonce-of-somebody' }, /another launch/],
    ['that leads elsewhere', { [ltiClaims.targetUrl]: 'https://evil.example/' }, /elsewhere/],
    ['of another version', { [ltiClaims.version]: '1.1' }, /version/],
    ['of another message', { [ltiClaims.messageType]: 'LtiSubmissionReviewRequest' }, /message_type/],
    ['of nobody', { sub: undefined }, /another sub/],
    ['of somebody without a role', { [ltiClaims.roles]: [ltiRoles.institutionAdministrator] }, /your role/],
  ])('is refused with a token %s', async (_, changes = {}, why) => {
    await refused(launch(ann, { changes }), why)
  })

  it('is refused with a token that it has not signed', async () => {
    const altered = (token: string, header: object, sign: (input: string) => string) => {
      const body = token.split('.')[1] ?? ''
      const input = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${body}`
      return `${input}.${sign(input)}`
    }
    const { kid } = platform.publicJwk
    const tamper = (token: string) => {
      const [header, body = '', signature] = token.split('.')
      const claims = JSON.parse(Buffer.from(body, 'base64url').toString())
      const changed = JSON.stringify({ ...claims, sub: 'tess' })
      return `${header}.${Buffer.from(changed).toString('base64url')}.${signature}`
    }
    await refused(launch(ann, { token: tamper }), /signature is not of the platform/)
    await refused(
      launch(ann, { token: (one) => altered(one, { alg: 'none' }, () => '') }),
      /not signed with RS256/,
    )
    const withPublicKey = (input: string) =>
      createHmac('sha256', JSON.stringify(platform.publicJwk)).update(input).digest('base64url')
    await refused(
      launch(ann, { token: (one) => altered(one, { alg: 'HS256', kid }, withPublicKey) }),
      /not signed with RS256/,
    )
  })

  it('is refused when a launch comes twice, or with the state of another', async () => {
    const asked = await browser.begin(ann)
    const token = await platform.idToken(ann, asked.nonce, browser.launchUrl)
    expect((await browser.comeBack(asked, token)).status).toBe(303)
    await refused(browser.comeBack(asked, token), /used already/)
    await refused(browser.comeBack(await browser.begin(ann), token), /another launch/)
    await refused(
      browser.comeBack({ ...asked, state: `${asked.state.slice(0, -4)}AAAA` }, token),
      /not begun here/,
    )
  })

  it('publishes new keys, and is refused with those before', async () => {
    const before = await browser.begin(ann)
    const old = await platform.idToken(ann, before.nonce, browser.launchUrl)
    await platform.rotate()
    await forgetKeys()
    await browser.enter(ann)
    await refused(browser.comeBack(before, old), /does not publish the key/)
  })

  it('is not mixed up with another one, nor with that of another tenant', async () => {
    const port = await freePort()
    await using evil = await ReferencePlatform.start(instance.url, port)
    const issuer = { iss: evil.url }
    await must(owner, 'POST', '/api/v1/lti/platforms', { ...platform.registration, issuer: evil.url })
    // Begun at the good one, signed by the other one, whichever issuer it claims.
    const sign = (changes: object) => async () => {
      const asked = await browser.begin(tess)
      return browser.comeBack(asked, await evil.idToken(tess, asked.nonce, browser.launchUrl, { ...changes }))
    }
    await refused(sign({ iss: platform.url })(), /does not publish the key/)
    await refused(sign(issuer)(), /another iss|does not publish/)
    const stranger = await TestClient.signUp(instance.url, 'stranger@example.org')
    const { tenant } = await must(stranger, 'GET', '/api/v1/me')
    expect((await must(stranger, 'GET', '/api/v1/lti/platforms')).items).toEqual([])
    const { items } = await must(owner, 'GET', '/api/v1/lti/platforms')
    for (const [method, body] of [['PATCH', { deployments: [] }] as const, ['DELETE', undefined] as const]) {
      expect((await stranger.call(method, `/api/v1/lti/platforms/${items[0].id}`, body)).status).toBe(404)
    }
    const login = {
      iss: platform.url,
      login_hint: 'x',
      target_link_uri: `${instance.url}/lti/${tenant.id}/launch`,
    }
    await refused(browser.post(`/lti/${tenant.id}/login`, login, { origin: platform.url }), /no platform/)
    // A state of one tenant is none of another.
    const asked = await browser.begin(ann)
    const token = await platform.idToken(ann, asked.nonce, browser.launchUrl)
    const there = browser.post(
      `/lti/${tenant.id}/launch`,
      { state: asked.state, id_token: token },
      { cookie: asked.cookie },
    )
    await refused(there, /not begun here/)
  })

  it('gets what a teacher picks, and its links lead there', async () => {
    const changes = {
      [ltiClaims.messageType]: 'LtiDeepLinkingRequest',
      [ltiClaims.link]: undefined,
      [ltiClaims.settings]: { deep_link_return_url: `${platform.url}/picked`, data: 'as it was' },
    }
    await refused(launch(ann, { changes }), /students cannot pick/)
    const page = await launch(tess, { changes, dest: framed, withCookie: false })
    expect(page.text).toContain('Loops')
    const ticket = ticketOf(page.text)
    const picked = await browser.submit('/lti/pick', { ticket, assignment })
    expect(picked.headers.get('content-security-policy')).toContain(`form-action 'self' ${platform.url}`)
    const jwt = /name="JWT" value="([^"]+)"/.exec(picked.text)?.[1] ?? ''
    const payload = await platform.verifyFromTool(jwt)
    expect(payload).toMatchObject({
      [ltiClaims.deployment]: '1',
      [ltiClaims.messageType]: 'LtiDeepLinkingResponse',
      'https://purl.imsglobal.org/spec/lti-dl/claim/data': 'as it was',
      [ltiClaims.items]: [
        {
          ...{ type: 'ltiResourceLink', title: 'Loops', url: browser.launchUrl, custom: { assignment } },
          lineItem: { label: 'Loops', scoreMaximum: 100, resourceId: assignment },
        },
      ],
    })
    await refused(browser.submit('/lti/pick', { ticket, assignment }), /used already/)
    const link = { [ltiClaims.link]: { id: 'link-2' }, [ltiClaims.custom]: { assignment } }
    expect((await browser.enter(ann, { changes: link })).location).toBe(`/assignments/${assignment}`)
    expect((await browser.enter(ben, { changes: { ...link, [ltiClaims.custom]: undefined } })).location).toBe(
      `/assignments/${assignment}`,
    )
    // Of another class, as after the copy of a course.
    const foreign = String((await must(owner, 'POST', '/api/v1/classes', { name: 'Other' })).id)
    const { id } = await must(owner, 'POST', `/api/v1/classes/${foreign}/assignments`, { title: 'Foreign' })
    const copied = { [ltiClaims.link]: { id: 'link-3' }, [ltiClaims.custom]: { assignment: id } }
    expect((await browser.enter(ann, { changes: copied })).location).toBe('/work')
  })

  describe('is told points', () => {
    let students: Map<string, string>
    const give = (name: string, points: number | null, comment = '') =>
      must(owner, 'PUT', `/api/v1/assignments/${assignment}/grades/${students.get(name)}`, {
        points,
        comment,
      })
    const scoreOf = (subject: string) =>
      [...platform.scores.values()].find(({ userId }) => userId === subject)
    const until = async (what: () => unknown) => {
      while (!(await what())) await sleep(50)
    }
    const status = async () => (await must(owner, 'GET', `/api/v1/classes/${classId}/course`)).course
    const due = () =>
      database.query(`UPDATE lti_score SET "notBefore" = now() AT TIME ZONE 'UTC' WHERE state = 'due'`)

    beforeAll(async () => {
      const { rows } = await database.query('SELECT subject, "userId" FROM lti_account')
      students = new Map(rows.map((one) => [String(one.subject), String(one.userId)]))
    })

    it('once it takes them, with their comment, by a line item that is made once', async () => {
      platform.failures = 1
      await give('ann', 80, 'well done')
      await until(() => scoreOf('ann'))
      expect(scoreOf('ann')).toMatchObject({
        ...{ scoreGiven: 80, scoreMaximum: 100, comment: 'well done', gradingProgress: 'FullyGraded' },
      })
      await give('ben', 60)
      await until(() => scoreOf('ben'))
      expect(platform.lineItems).toMatchObject([
        { label: 'Loops', scoreMaximum: 100, resourceId: assignment },
      ])
      await until(async () => (await status()).links[0]?.sent === 2)
      expect(await status()).toMatchObject({ title: 'Informatics', roster: true, failures: [] })
    })

    it('that were changed, and never older ones over newer ones, whichever server is slow', async () => {
      other = await AnotherServer.start(instance, settings)
      let release = () => {}
      let arrived = false
      platform.hold = new Promise((resolve) => {
        release = resolve
      })
      platform.onHeld = () => {
        arrived = true
      }
      await give('ann', 10)
      await until(() => arrived)
      await give('ann', 90)
      await until(() => scoreOf('ann')?.scoreGiven === 90)
      release()
      await give('ben', 61)
      await until(() => scoreOf('ben')?.scoreGiven === 61)
      expect(scoreOf('ann')?.scoreGiven).toBe(90)
      await until(async () => (await status()).links[0]?.sent === 2)
      // What was given to a server that died is sent by another one.
      let letGo = () => {}
      platform.hold = new Promise((resolve) => {
        letGo = resolve
      })
      arrived = false
      await give('ann', 95)
      await until(() => arrived)
      await other.end('SIGKILL')
      letGo()
      await due()
      // The row is not marked as sent by whoever died.
      await until(async () => (await status()).links[0]?.sent === 2)
      expect(scoreOf('ann')?.scoreGiven).toBe(95)
      // A grade that is taken back is taken back there.
      await give('ben', null)
      await until(() => scoreOf('ben')?.gradingProgress === 'NotReady')
      expect(scoreOf('ben')).not.toHaveProperty('scoreGiven')
    })

    it('as far as students see them', async () => {
      await must(owner, 'PATCH', `/api/v1/assignments/${assignment}`, { grading: { feedback: 'never' } })
      const before = platform.accepted.length
      await give('ben', 70)
      const { rows } = await database.query(`SELECT "lookAt" FROM lti_link WHERE "assignmentId" = $1`, [
        assignment,
      ])
      expect(rows.length).toBeGreaterThan(0)
      await until(async () => {
        const looked = `SELECT FROM lti_link WHERE "lookAt" <= now() AT TIME ZONE 'UTC'`
        return (await database.query(looked)).rowCount === 0
      })
      expect(platform.accepted.slice(before)).toEqual([])
      await must(owner, 'PATCH', `/api/v1/assignments/${assignment}`, { grading: { feedback: 'always' } })
      await until(() => scoreOf('ben')?.scoreGiven === 70)
    })
  })

  it('has a roster, which is previewed, and whose people leave without losing what is theirs', async () => {
    const path = `/api/v1/classes/${classId}/course/roster`
    for (const one of [tess, otto, ann, { ...ben, name: 'Benjamin' }, person('new', 'student')]) {
      platform.users.set(one.id, one)
    }
    const preview = await must(owner, 'POST', `${path}/preview`)
    expect(preview).toMatchObject({
      added: [{ name: 'new of the platform', role: 'student' }],
      changed: [{ name: 'Benjamin', from: 'ben of the platform', to: 'Benjamin' }],
      removed: [{ name: 'mallory of the platform', role: 'student' }],
      unchanged: 3,
    })
    expect((await owner.call('POST', path, { digest: '0'.repeat(64) })).status).toBe(409)
    await must(owner, 'POST', path, { digest: preview.digest })
    const namesOf = async () =>
      (await must(owner, 'GET', `/api/v1/classes/${classId}/students?limit=100`)).items.map(
        (one: { name: string }) => one.name,
      )
    expect(await namesOf()).toEqual(['ann of the platform', 'Benjamin', 'new of the platform'])
    platform.users.set('ann', { ...ann, status: 'Inactive' })
    platform.users.delete('otto')
    const next = await must(owner, 'POST', `${path}/preview`)
    expect(next.removed).toEqual([
      { name: 'ann of the platform', role: 'student' },
      { name: 'otto of the platform', role: 'assistant' },
    ])
    await must(owner, 'POST', path, { digest: next.digest })
    expect(await namesOf()).toEqual(['Benjamin', 'new of the platform'])
    const { items } = await must(owner, 'GET', `/api/v1/assignments/${assignment}/grades`)
    expect(items.length).toBeGreaterThan(0)
    const given = await database.query(
      'SELECT FROM grade JOIN lti_account USING ("userId") WHERE subject = $1',
      ['ann'],
    )
    expect(given.rowCount).toBeGreaterThan(0)
  })

  it('registers itself by the link of an owner, once', async () => {
    const head = await TestClient.signUp(instance.url, 'other-head@example.org')
    const { url } = await must(head, 'POST', '/api/v1/lti/registrations')
    const query = { openid_configuration: `${platform.url}/openid`, registration_token: 'once' }
    const asked = await fetch(`${url}&${new URLSearchParams(query)}`, { headers: { accept: 'text/html' } })
    expect([asked.status, await asked.text()]).toEqual([200, expect.stringContaining(platform.host)])
    const form = { link: new URL(url).searchParams.get('link') ?? '', ...query }
    const done = await browser.submit('/lti/register', form)
    expect([done.status, done.text]).toEqual([200, expect.stringContaining('is registered')])
    expect((await browser.submit('/lti/register', form)).status).toBe(404)
    const { tool, items } = await must(head, 'GET', '/api/v1/lti/platforms')
    expect(items).toMatchObject([{ issuer: platform.url, clientId: platform.clientId, deployments: ['1'] }])
    expect(platform.registered).toMatchObject({
      ...{ initiate_login_uri: tool.loginUrl, redirect_uris: [tool.launchUrl], jwks_uri: tool.jwksUrl },
    })
  })

  it('is called only where an operator allows it', async () => {
    const inside = { ...platform.registration, clientId: 'inside' }
    const plain = await owner.call('POST', '/api/v1/lti/platforms', {
      ...inside,
      jwksUrl: 'http://10.0.0.1/keys',
    })
    expect(plain).toMatchObject({ status: 400, body: { detail: expect.stringContaining('without TLS') } })
    await must(owner, 'POST', '/api/v1/lti/platforms', {
      ...{ ...inside, issuer: 'https://inside.example.org', jwksUrl: 'https://10.0.0.1/keys' },
    })
    const login = { iss: 'https://inside.example.org', login_hint: 'x', target_link_uri: browser.launchUrl }
    const begun = await browser.post(`/lti/${tenantId}/login`, login)
    const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state') ?? ''
    const token = await platform.idToken(ann, 'x', browser.launchUrl)
    await refused(browser.comeBack({ state, cookie: '' }, token), /not public/)
  })

  it('can be disconnected and removed, and classes and accounts stay', async () => {
    await must(owner, 'DELETE', `/api/v1/classes/${classId}/course`)
    await refused(launch(ann), /a teacher of the course has to open it first/)
    const page = await launch(tess)
    expect(page.text).toContain('Informatics 10b')
    const form = { ticket: ticketOf(page.text), class: classId, timeZone: 'UTC' }
    expect((await browser.submit('/lti/bind', form)).text).toContain('Continue as tess')
    for (const { id } of (await must(owner, 'GET', '/api/v1/lti/platforms')).items) {
      await must(owner, 'DELETE', `/api/v1/lti/platforms/${id}`)
    }
    expect(await must(owner, 'GET', `/api/v1/classes/${classId}/course`)).toEqual({ course: null })
    expect((await must(owner, 'GET', `/api/v1/classes/${classId}`)).students).toBe(2)
  })
})
