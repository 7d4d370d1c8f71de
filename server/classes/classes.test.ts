import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestClient } from '../../testing/client.js'
import type { Instance } from '../../testing/instance.js'
import { sharedInstance } from '../../testing/shared-instance.js'

const limits = { cpus: 0.25, memoryMiB: 64, diskMiB: 64, pids: 64 }

describe('classes', () => {
  let instance: Instance
  let owner: TestClient
  let math: { id: string; path: string }
  let art: { id: string; path: string }
  let tess: Awaited<ReturnType<typeof join>>
  let otto: Awaited<ReturnType<typeof join>>
  let ann: Awaited<ReturnType<typeof join>>
  let annsBox = ''

  const person = async (name: string) => {
    const email = `${name}@example.org`
    const client = await TestClient.signUp(instance.url, email)
    const { body } = await client.call('GET', '/api/v1/me')
    return { client, email, id: String(body.user.id) }
  }
  const accept = (who: TestClient, secret: string) =>
    who.call('POST', '/api/v1/invitations/accept', { secret })
  const made = async (who: TestClient, path: string, body: object) => {
    const answer = await who.call('POST', path, body)
    expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300)
    return answer.body
  }
  const join = async (name: string, role: string) => {
    const one = await person(name)
    const { url } = await made(owner, '/api/v1/invitations', { email: one.email, role })
    expect((await accept(one.client, new URL(url).hash.slice(1))).status).toBe(200)
    return one
  }
  const newClass = async (name: string) => {
    const { id } = await made(owner, '/api/v1/classes', { name, timeZone: 'Asia/Shanghai' })
    return { id: String(id), path: `/api/v1/classes/${id}` }
  }
  const put = (path: string, body: object) => owner.call('PUT', path, body)
  const idsOf = async (who: TestClient, path: string) =>
    (await who.call('GET', path)).body.items.map(({ id }: { id: string }) => id)

  beforeAll(async () => {
    instance = await sharedInstance()
    owner = await TestClient.signUp(instance.url, 'head@example.org')
    ann = await join('ann', 'student')
    tess = await join('tess', 'member')
    otto = await join('otto', 'member')
    annsBox = (await made(ann.client, '/api/v1/sandboxes', { name: 'work', limits, network: 'none' })).id
    // Without classes all staff see what students make.
    expect(await idsOf(otto.client, '/api/v1/sandboxes')).toEqual([annsBox])
    math = await newClass('Math')
    art = await newClass('Art')
    await put(`${math.path}/staff/${tess.id}`, { role: 'teacher' })
    await put(`${art.path}/staff/${otto.id}`, { role: 'teacher' })
  })
  afterAll(() => instance?.[Symbol.asyncDispose]())

  it('are seen by whoever is in them, and by owners and admins', async () => {
    expect(await idsOf(owner, '/api/v1/classes')).toEqual([art.id, math.id])
    expect(await idsOf(tess.client, '/api/v1/classes')).toEqual([math.id])
    expect(await idsOf(ann.client, '/api/v1/classes')).toEqual([])
    const { body } = await tess.client.call('GET', math.path)
    expect(body).toMatchObject({
      ...{ name: 'Math', timeZone: 'Asia/Shanghai', archived: false, role: 'teacher', students: 0 },
      staff: [{ userId: tess.id, name: 'tess', email: tess.email, role: 'teacher' }],
    })
    expect((await tess.client.call('GET', art.path)).status).toBe(404)
    expect((await tess.client.call('DELETE', math.path)).status).toBe(403)
    expect((await put(`${math.path}/staff/${ann.id}`, { role: 'teacher' })).status).toBe(409)
  })

  it('have sections and groups, of which a student is in one each', async () => {
    const section = await made(tess.client, `${math.path}/sections`, { name: 'Tuesday' })
    const again = await tess.client.call('POST', `${math.path}/sections`, { name: 'Tuesday' })
    expect(again.status).toBe(409)
    const group = await made(tess.client, `${math.path}/groups`, { name: 'Tuesday' })
    const foreign = await made(owner, `${art.path}/sections`, { name: 'Clay' })
    const ben = await made(tess.client, `${math.path}/students`, {
      ...{ name: 'Ben', email: 'Ben@Example.org', number: '7', section: section.id, group: group.id },
    })
    expect(ben).toMatchObject({ state: 'expected', email: 'ben@example.org', section: section.id })
    const path = `${math.path}/students/${ben.id}`
    expect((await tess.client.call('PATCH', path, { section: foreign.id })).status).toBe(404)
    expect((await tess.client.call('PATCH', path, { section: group.id })).status).toBe(404)
    // Two changes at once of different things both hold.
    await Promise.all(
      [{ number: '8' }, { section: null }].map((what) => tess.client.call('PATCH', path, what)),
    )
    const back = await tess.client.call('PATCH', path, { name: 'Ben' })
    expect(back.body).toMatchObject({ number: '8', section: null, group: group.id })
    await tess.client.call('PATCH', path, { number: '7', section: section.id })
    // A page that would begin behind somebody who is gone would be empty without a word.
    const lost = await tess.client.call('GET', `${math.path}/students?cursor=cs_00000000000000000000`)
    expect(lost).toMatchObject({ status: 400 })
    const twice = await tess.client.call('POST', `${math.path}/students`, { name: 'Bea', number: '7' })
    expect(twice).toMatchObject({ status: 409 })
    expect(twice.body.detail).toContain('number 7')
    await tess.client.call('DELETE', `${math.path}/groups/${group.id}`)
    const { body } = await tess.client.call('GET', `${math.path}/students?search=be`)
    expect(body.items).toMatchObject([{ id: ben.id, section: section.id, group: null }])
  })

  it('are joined by a link or code: whom the roster expects takes that place', async () => {
    const { body: before } = await tess.client.call('GET', math.path)
    const [section] = before.sections
    const link = await made(tess.client, `${math.path}/invitations`, { maxUses: 10 })
    expect(link).toMatchObject({ role: 'student', class: math.id, maxUses: 10 })
    const ben = await person('ben')
    const seen = await ben.client.call('POST', '/api/v1/invitations/preview', { secret: link.code })
    expect(seen.body).toMatchObject({ class: 'Math', role: 'student' })
    expect((await accept(ben.client, link.code)).body.tenant.role).toBe('student')
    // Who is a student of the tenant already joins the class; who teaches in it stays what they are.
    expect((await accept(ann.client, link.code)).status).toBe(200)
    expect((await accept(ann.client, link.code)).status).toBe(200)
    expect((await accept(otto.client, link.code)).body.tenant.role).toBe('member')
    const { body } = await tess.client.call('GET', `${math.path}/students`)
    expect(body.items).toMatchObject([
      { name: 'ann', email: ann.email, state: 'joined', section: null },
      { name: 'Ben', userId: ben.id, number: '7', state: 'joined', section: section.id },
    ])
    // A student is told their own section and who teaches, and nothing of the others.
    const own = (await ben.client.call('GET', math.path)).body
    expect(own).toMatchObject({
      ...{ role: 'student', students: null, groups: [], sections: [{ name: 'Tuesday', students: 0 }] },
      staff: [{ userId: null, name: 'tess', email: null }],
    })
    expect((await ben.client.call('GET', `${math.path}/students`)).status).toBe(403)
    const listed = await tess.client.call('GET', `${math.path}/invitations`)
    expect(listed.body.invitations).toMatchObject([{ id: link.id, uses: 2 }])
    expect(JSON.stringify(listed.body)).not.toContain(link.code)
    await tess.client.call('PATCH', math.path, { archived: true })
    const late = await person('late')
    expect((await accept(late.client, link.code)).body.detail).toContain('archived')
    await tess.client.call('PATCH', math.path, { archived: false })
    expect((await owner.call('DELETE', `${math.path}/invitations/${link.id}`)).status).toBe(204)
    expect((await accept(late.client, link.code)).status).toBe(404)
  })

  it('let their staff see the work of their students, and no other members', async () => {
    expect(await idsOf(tess.client, '/api/v1/sandboxes')).toEqual([annsBox])
    expect(await idsOf(otto.client, '/api/v1/sandboxes')).toEqual([])
    expect(await idsOf(owner, '/api/v1/sandboxes')).toEqual([annsBox])
    const box = `/api/v1/sandboxes/${annsBox}`
    const snapshot = await made(ann.client, `${box}/snapshots`, { name: 'before' })
    const run = await made(ann.client, '/api/v1/runs', { command: 'echo mine', wait: true })
    for (const [method, path, body] of [
      ['GET', box],
      ['PATCH', box, { name: 'taken' }],
      ['DELETE', box],
      ['POST', `${box}/exec`, { command: 'true' }],
      ['GET', `${box}/files?path=/etc/passwd`],
      ['GET', `${box}/terminals`],
      ['POST', `${box}/shares`, { level: 'type' }],
      ['GET', `/api/v1/snapshots/${snapshot.id}`],
      ['POST', '/api/v1/sandboxes', { snapshot: snapshot.id, limits }],
      ['POST', '/api/v1/schedules', { action: 'stop', sandbox: annsBox, cron: '@daily' }],
      ['GET', `/api/v1/runs/${run.id}`],
      ['POST', `/api/v1/runs/${run.id}/cancel`],
    ] as const) {
      expect((await otto.client.call(method, path, body)).status, `${method} ${path}`).toBe(404)
    }
    expect(await idsOf(otto.client, '/api/v1/snapshots')).toEqual([])
    expect(await idsOf(otto.client, '/api/v1/runs')).toEqual([])
    const before = new Date(Date.now() + 60_000).toISOString()
    const deleted = await otto.client.call('DELETE', `/api/v1/runs?finishedBefore=${before}`)
    expect(deleted.body).toEqual({ deleted: 0 })
    expect((await tess.client.call('GET', `/api/v1/runs/${run.id}`)).status).toBe(200)
    expect((await tess.client.call('GET', box)).status).toBe(200)
    const emails = async (who: TestClient) =>
      (await who.call('GET', '/api/v1/members')).body.members.map(({ email }: { email: string }) => email)
    expect(await emails(otto.client)).not.toContain(ann.email)
    expect(await emails(tess.client)).toContain(ann.email)
  })

  it('keep members from the work of other students by schedules, ports and what a template is used by', async () => {
    const wake = { action: 'snapshot', sandbox: annsBox, cron: '@daily', keep: 1 }
    const rebuild = { action: 'rebuild', template: 'own', cron: '@daily' }
    const from = { sandbox: annsBox, path: '.' }
    const nightly = await made(tess.client, '/api/v1/schedules', { ...wake, name: 'nightly' })
    const free = await made(otto.client, '/api/v1/schedules', { ...rebuild, from: { image: 'a:1' } })
    for (const [method, path, body] of [
      ['POST', '/api/v1/schedules', { ...rebuild, from }],
      ['PATCH', `/api/v1/schedules/${free.id}`, { from }],
      ...[nightly.id].flatMap(
        (id) =>
          [
            ['GET', `/api/v1/schedules/${id}`],
            ['PATCH', `/api/v1/schedules/${id}`, { enabled: true }],
            ['POST', `/api/v1/schedules/${id}/run`],
            ['DELETE', `/api/v1/schedules/${id}`],
          ] as const,
      ),
      ['PUT', `/api/v1/sandboxes/${annsBox}/ports/8080`, { visibility: 'public' }],
    ] as const) {
      expect((await otto.client.call(method, path, body)).status, `${method} ${path}`).toBe(404)
    }
    expect(await idsOf(otto.client, '/api/v1/schedules')).toEqual([free.id])
    expect(await idsOf(tess.client, '/api/v1/schedules')).toEqual([free.id, nightly.id])
    const taken = await otto.client.call('POST', '/api/v1/schedules', {
      ...{ ...rebuild, from: { image: 'a:1' }, name: 'nightly' },
    })
    expect(taken.status).toBe(409)
    expect(JSON.stringify(taken.body)).not.toContain(nightly.id)
    await tess.client.call('PUT', `/api/v1/sandboxes/${annsBox}/ports/8080`, { visibility: 'public' })
    const ports = async () => (await ann.client.call('GET', `/api/v1/sandboxes/${annsBox}/ports`)).body.ports
    expect(await ports()).toMatchObject([{ port: 8080, visibility: 'public' }])
    // What she has made is worth what she may see: of a class that she left, nothing.
    await owner.call('DELETE', `${math.path}/staff/${tess.id}`)
    expect(await ports()).toEqual([])
    for (const { id } of [nightly]) {
      expect((await owner.call('POST', `/api/v1/schedules/${id}/run`)).status).toBe(202)
      const last = async () => (await owner.call('GET', `/api/v1/schedules/${id}`)).body.last
      await expect.poll(last, { timeout: 30_000, interval: 200 }).toMatchObject({
        ...{ outcome: 'failed', message: expect.stringContaining('does not see the work of this student') },
      })
      expect((await owner.call('DELETE', `/api/v1/schedules/${id}`)).status).toBe(204)
    }
    await put(`${math.path}/staff/${tess.id}`, { role: 'teacher' })
    const [snapshot] = (await ann.client.call('GET', '/api/v1/snapshots')).body.items
    await made(owner, '/api/v1/templates', { name: 'start', from: { snapshot: snapshot.id } })
    const box = { name: 'essay', template: 'start', limits, network: 'none' }
    const essay = await made(ann.client, '/api/v1/sandboxes', box)
    const used = async (who: TestClient) => (await who.call('DELETE', '/api/v1/templates/start')).body.detail
    expect(await used(tess.client)).toContain(`the sandbox essay (${essay.id})`)
    expect(await used(otto.client)).toBe(
      'the template start is used by 1 sandboxes and snapshots that you do not see',
    )
    await ann.client.call('DELETE', `/api/v1/sandboxes/${essay.id}`)
  })

  it('end what somebody shared who does not see the student any more', async () => {
    const guest = await person('guest')
    const box = `/api/v1/sandboxes/${annsBox}`
    const share = await made(tess.client, `${box}/shares`, { level: 'look' })
    const accepted = await guest.client.call('POST', '/api/v1/shares/accept', {
      secret: new URL(share.url).hash.slice(1),
    })
    expect(accepted.status).toBe(200)
    expect((await otto.client.call('PATCH', `/api/v1/shares/${share.id}`, { level: 'type' })).status).toBe(
      404,
    )
    expect((await otto.client.call('DELETE', `/api/v1/shares/${share.id}`)).status).toBe(404)
    const watch = await fetch(`${instance.url}${box}/files/watch`, { headers: guest.client.extraHeaders })
    const reader = watch.body?.getReader()
    expect((await reader?.read())?.done).toBe(false)
    await owner.call('DELETE', `${math.path}/staff/${tess.id}`)
    await expect(
      (async () => {
        for (;;) if ((await reader?.read())?.done !== false) return
      })(),
    ).rejects.toThrow()
    expect((await guest.client.call('GET', box)).status).toBe(404)
    const secret = new URL(share.url).hash.slice(1)
    expect((await guest.client.call('POST', '/api/v1/shares/accept', { secret })).status).toBe(404)
    await put(`${math.path}/staff/${tess.id}`, { role: 'teacher' })
    expect((await guest.client.call('GET', box)).status).toBe(200)
    expect((await tess.client.call('DELETE', `/api/v1/shares/${share.id}`)).status).toBe(204)
  })

  it('cut staff off from what is open when they leave the class', async () => {
    const watch = await fetch(`${instance.url}/api/v1/sandboxes/${annsBox}/files/watch`, {
      headers: tess.client.extraHeaders,
    })
    const reader = watch.body?.getReader()
    expect((await reader?.read())?.done).toBe(false)
    await owner.call('DELETE', `${math.path}/staff/${tess.id}`)
    await expect(
      (async () => {
        for (;;) if ((await reader?.read())?.done !== false) return
      })(),
    ).rejects.toThrow()
    expect((await tess.client.call('GET', `/api/v1/sandboxes/${annsBox}`)).status).toBe(404)
    expect((await tess.client.call('GET', math.path)).status).toBe(404)
    await put(`${math.path}/staff/${tess.id}`, { role: 'assistant' })
    expect((await tess.client.call('GET', `/api/v1/sandboxes/${annsBox}`)).status).toBe(200)
    const refused = await tess.client.call('POST', `${math.path}/sections`, { name: 'x' })
    expect(refused).toMatchObject({ status: 403 })
    expect(refused.body.detail).toBe('only teachers of this class can do this')
  })

  const csv = { 'content-type': 'text/csv' }
  const previewed = async (path: string, file: string, remove = false) => {
    const answer = await owner.call('POST', `${path}/roster/preview?remove=${remove}`, file, csv)
    expect(answer.status, JSON.stringify(answer.body)).toBe(200)
    return answer.body
  }
  const imported = (path: string, file: string, digest: string, remove = false) =>
    owner.call('POST', `${path}/roster?remove=${remove}&digest=${digest}`, file, csv)

  it('import a roster exactly as it was previewed, and export it so that it comes back', async () => {
    const { path } = await newClass('Rosters')
    const first =
      '姓名,学号,邮箱,分班\n王芳,1,,A\n=1+1,2,new@example.org,B\nann,3,ann@example.org,\nx,4,tess@example.org,\n'
    const preview = await previewed(path, first)
    expect(preview).toMatchObject({ rows: 4, unchanged: 0, sections: ['A', 'B'], removed: [] })
    expect(
      preview.added.map(({ name, account }: { name: string; account: boolean }) => [name, account]),
    ).toEqual([
      ...[
        ['王芳', true],
        ['=1+1', false],
        ['ann', false],
      ],
    ])
    expect(preview.problems).toMatchObject([{ line: 5 }])
    expect(await idsOf(owner, `${path}/students`)).toEqual([])
    expect(await imported(path, first.replace('王芳', '王方'), preview.digest)).toMatchObject({ status: 409 })
    const both = await Promise.all([1, 2].map(() => imported(path, first, preview.digest)))
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 409])
    const { body } = await owner.call('GET', `${path}/students`)
    expect(body.items).toMatchObject([
      { name: '=1+1', email: 'new@example.org', state: 'expected' },
      { name: 'ann', userId: ann.id, state: 'joined' },
      { name: '王芳', state: 'no_card', signInName: expect.stringMatching(/^[a-z]+-[a-z]+-\d{3}$/) },
    ])
    const exported = await owner.call('GET', `${path}/roster.csv`)
    expect(exported.body).toContain(`"'=1+1",2,new@example.org,,B`)
    expect(await previewed(path, exported.body, true)).toMatchObject({
      ...{ added: [], changed: [], unchanged: 3, removed: [], problems: [] },
    })
    // One gets another number and section, one is not in the file, and a number that is another's is a problem.
    const second = 'Name,Number,Email,Section\n=1+1,9,new@example.org,A\nann,3,ann@example.org,\n'
    const taken = await previewed(path, second.replace('9', '3'))
    expect(taken.problems).toMatchObject([{ line: 2 }, { line: 3 }])
    const next = await previewed(path, second, true)
    expect(next).toMatchObject({ unchanged: 1, removed: [{ name: '王芳' }] })
    expect((await imported(path, second, next.digest, true)).body).toEqual({
      ...{ added: 0, changed: 1, removed: 1, unchanged: 1 },
    })
    const after = (await owner.call('GET', `${path}/students`)).body.items
    expect(after).toMatchObject([
      { name: '=1+1', number: '9' },
      { name: 'ann', number: '3' },
    ])
    const broken = await owner.call('POST', `${path}/roster/preview`, 'a,b\n1,2\n', csv)
    expect(broken).toMatchObject({ status: 400 })
  })

  it('import thousands of students at once, and no more than there may be', async () => {
    const { path } = await newClass('School')
    const lines = (from: number, count: number) =>
      Array.from({ length: count }, (_, at) => `Pupil ${from + at},${from + at},${at % 2 ? 'A' : 'B'}`).join(
        '\n',
      )
    const file = `Name,Number,Section\n${lines(0, 4900)}`
    const { digest } = await previewed(path, file)
    expect((await imported(path, file, digest)).body).toMatchObject({ added: 4900 })
    expect(await previewed(path, file)).toMatchObject({ unchanged: 4900, added: [], changed: [] })
    const more = `Name,Number,Section\n${lines(4900, 200)}`
    const full = await imported(path, more, (await previewed(path, more)).digest)
    expect(full).toMatchObject({ status: 422 })
    expect((await owner.call('GET', path)).body.students).toBe(4900)
    expect((await owner.call('DELETE', path)).status).toBe(204)
  })

  it('give cards to students without an address, which nobody else can sign in with or renew', async () => {
    const names = Array.from({ length: 6 }, (_, at) => `Child ${at}`)
    const pupils: { id: string; signInName: string }[] = []
    for (const name of names) pupils.push(await made(owner, `${art.path}/students`, { name }))
    const ids = pupils.map(({ id }) => id)
    const foreign = await tess.client.call('POST', `${art.path}/cards`, { students: ids })
    expect(foreign.status).toBe(404)
    const { cards } = await made(otto.client, `${art.path}/cards`, { students: ids })
    expect(cards.map(({ signInName }: { signInName: string }) => signInName)).toEqual(
      pupils.map(({ signInName }) => signInName),
    )
    const signIn = async (username: string, password: string) => {
      const nobody = new TestClient(instance.url, { origin: instance.url })
      const answer = await nobody.call('POST', '/api/auth/sign-in/username', { username, password })
      const cookie = answer.headers
        .getSetCookie()
        .map((line) => line.split(';')[0])
        .join('; ')
      return { status: answer.status, client: new TestClient(instance.url, { cookie, origin: instance.url }) }
    }
    // All at once from one address, and however they type it.
    const typed = (code: string) => ` ${code.toLowerCase().replace('-', ' ').replaceAll('0', 'o')}`
    const signed = await Promise.all(
      cards.map(({ signInName, code }: { signInName: string; code: string }) =>
        signIn(signInName.toUpperCase(), typed(code)),
      ),
    )
    expect(signed.map(({ status }) => status)).toEqual(names.map(() => 200))
    const { client } = signed[0] ?? expect.fail()
    const { user, tenant } = (await client.call('GET', '/api/v1/me')).body
    expect(user).toMatchObject({ name: 'Child 0', email: cards[0].signInName })
    expect(tenant.role).toBe('student')
    expect((await client.call('GET', '/api/v1/classes')).body.items).toMatchObject([{ id: art.id }])
    // Their teachers can come into the account, so it acts in this tenant alone.
    expect((await client.call('POST', '/api/v1/tenants', { name: 'Own' })).status).toBe(403)
    const other = await TestClient.signUp(instance.url, 'elsewhere@example.org')
    const { code } = await made(other, '/api/v1/invitations', {})
    expect((await accept(client, code)).status).toBe(403)
    expect((await client.call('DELETE', '/api/v1/account', { currentPassword: cards[0].code })).status).toBe(
      403,
    )
    // A new card ends the one before, with what is open.
    const again = await made(otto.client, `${art.path}/cards`, { students: [ids[0]] })
    expect((await client.call('GET', '/api/v1/me')).status).toBe(401)
    expect((await signIn(cards[0].signInName, cards[0].code)).status).toBe(401)
    expect((await signIn(cards[0].signInName, again.cards[0].code)).status).toBe(200)
    expect((await signIn(cards[1].signInName, again.cards[0].code)).status).toBe(401)
    // A student with an address of their own has no card, whose class they are in or not.
    const own = await made(owner, `${art.path}/students`, { name: 'ann', email: ann.email })
    const refused = await otto.client.call('POST', `${art.path}/cards`, { students: [own.id] })
    expect(refused).toMatchObject({ status: 409 })
    const { body: log } = await owner.call('GET', '/api/v1/audit?limit=50')
    expect(JSON.stringify(log)).toContain('class.cards')
    expect(JSON.stringify(log)).not.toContain(again.cards[0].code)
    // The account goes with the membership, for it signs in nowhere else.
    await owner.call('DELETE', `/api/v1/members/${user.id}`)
    expect((await signIn(cards[0].signInName, again.cards[0].code)).status).toBe(401)
  })

  it('show nobody more work by naming a student, and less when they are archived', async () => {
    const { body: before } = await owner.call('GET', `${art.path}/students`)
    for (const { id } of before.items) await owner.call('DELETE', `${art.path}/students/${id}`)
    // Whether the address is of another class's student, of the staff or of nobody, a teacher is told the same.
    for (const email of [ann.email, tess.email, 'nobody@example.org']) {
      const named = await made(otto.client, `${art.path}/students`, { name: 'Somebody', email })
      expect(named).toMatchObject({ state: 'expected', userId: null })
    }
    expect(await idsOf(otto.client, '/api/v1/sandboxes')).toEqual([])
    const craft = await newClass('Craft')
    await put(`${craft.path}/staff/${otto.id}`, { role: 'assistant' })
    const added = await made(owner, `${craft.path}/students`, { name: 'Ann', email: ann.email })
    expect(added).toMatchObject({ state: 'joined', userId: ann.id })
    expect(await idsOf(otto.client, '/api/v1/sandboxes')).toEqual([annsBox])
    await owner.call('PATCH', craft.path, { archived: true })
    expect(await idsOf(otto.client, '/api/v1/sandboxes')).toEqual([])
    await owner.call('PATCH', craft.path, { archived: false })
    expect(await idsOf(otto.client, '/api/v1/sandboxes')).toEqual([annsBox])
    await owner.call('DELETE', craft.path)
    expect(await idsOf(otto.client, '/api/v1/sandboxes')).toEqual([])
  })

  it('leave their own work to those who were students and are not any more', async () => {
    await owner.call('PATCH', `/api/v1/members/${ann.id}`, { role: 'member' })
    expect(await idsOf(ann.client, '/api/v1/sandboxes')).toEqual([annsBox])
    expect((await ann.client.call('GET', `/api/v1/sandboxes/${annsBox}`)).status).toBe(200)
    await owner.call('PATCH', `/api/v1/members/${ann.id}`, { role: 'student' })
  })

  it('hide work from an admin who has become a member, also what is open', async () => {
    await owner.call('PATCH', `/api/v1/members/${otto.id}`, { role: 'admin' })
    const watch = await fetch(`${instance.url}/api/v1/sandboxes/${annsBox}/files/watch`, {
      headers: otto.client.extraHeaders,
    })
    const reader = watch.body?.getReader()
    expect((await reader?.read())?.done).toBe(false)
    await owner.call('PATCH', `/api/v1/members/${otto.id}`, { role: 'member' })
    await expect(
      (async () => {
        for (;;) if ((await reader?.read())?.done !== false) return
      })(),
    ).rejects.toThrow()
    expect((await otto.client.call('GET', `/api/v1/sandboxes/${annsBox}`)).status).toBe(404)
  })

  it('last when the last of them is deleted: nobody sees more then', async () => {
    for (const { path } of [math, art]) await owner.call('DELETE', path)
    expect(await idsOf(otto.client, '/api/v1/sandboxes')).toEqual([])
  })
})
