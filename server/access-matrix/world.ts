import pg from 'pg'
import { newId, quarantineEntry, terminal } from '../../protocol/api/index.js'
import { nodeVolume } from '../../protocol/node/index.js'
import { TestClient } from '../../testing/client.js'
import { file, image, layout, plainLayer, tar } from '../../testing/images.js'
import { type Instance, openInstance } from '../../testing/instance.js'
import { newPublicKey } from '../../testing/ssh-key.js'
import { RuntimeClient } from '../runtime-client/client.js'
import type { Caller } from './rules.js'

export const password = 'correct horse battery'
export const limits = { cpus: 0.25, memoryMiB: 64, diskMiB: 64, pids: 64 }

/** An image with next to nothing in it, as a tar. */
export const tiny = () => layout([image([plainLayer([file('etc/passwd')])])]).toString('latin1')
/** A build of nothing. */
export const buildForm = () =>
  [
    ...['--edge', 'content-disposition: form-data; name="context"; filename="context.tar"', ''],
    ...[tar([file('Dockerfile', 'FROM scratch')]).toString('latin1'), '--edge--', ''],
  ].join('\r\n')
export const asForm = { 'content-type': 'multipart/form-data; boundary=edge' }
export const newPlatform = () => ({
  ...{ name: 'Moodle', issuer: 'https://moodle.example.org', clientId: newId('xx') },
  ...{ authUrl: 'https://moodle.example.org/auth', tokenUrl: 'https://moodle.example.org/token' },
  ...{ jwksUrl: 'https://moodle.example.org/keys', deployments: ['1'] },
})
export const asBytes = { 'content-type': 'application/octet-stream' }

/** A tenant with one of everything that somebody else could want, by the ids that the API knows it by. */
export type Victim = Awaited<ReturnType<typeof makeVictim>> & {
  /** The node that all of it is on. */
  readonly nodeId: string
  readonly socketPath: string
  /** What a student has made whom the victim teaches, by the names that the same has of the victim. */
  readonly pupils: PupilsThings
}
type PupilsThings = Awaited<ReturnType<typeof makePupilsThings>>

/** The victim with what their pupil has made in the place of their own. */
export const ofPupil = (victim: Victim): Victim => ({ ...victim, ...victim.pupils })

/** An instance with a victim, and whoever calls. */
export interface World extends AsyncDisposable {
  readonly url: string
  readonly victim: Victim
  readonly callers: Readonly<Record<Caller, TestClient>>
  /** API keys, for the handshake of a socket. */
  readonly tokens: Partial<Readonly<Record<Caller, string>>>
  readonly database: pg.Client
  readonly runtime: RuntimeClient
  /** Somebody who was never heard of before. */
  person(): Promise<{ client: TestClient; email: string; id: string; tenantId: string }>
  /** One more sandbox of the victim. */
  sandbox(): Promise<string>
  /** One more sandbox of the victim in quarantine; the id of the entry. */
  quarantined(): Promise<string>
  /** One more volume of the victim on the node that the database does not know; its id. */
  orphaned(): Promise<string>
}

export async function openWorld(): Promise<World> {
  const instance = await openInstance('mx')
  const database = new pg.Client({
    connectionString: `postgresql://cloche@localhost/cloche?host=/run/cloche/${instance.name}/postgres`,
  })
  const runtime = new RuntimeClient({ socketPath: `/run/cloche/${instance.name}/runtime.sock` })
  const close = async () => {
    runtime[Symbol.dispose]()
    await database.end()
    await instance[Symbol.asyncDispose]()
  }
  try {
    await database.connect()
    return { ...(await fill(instance, database, runtime)), [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

/** @throws Error when the answer is not 2xx: what a test builds on must be there */
export async function must(
  who: TestClient,
  method: string,
  path: string,
  body?: object | string,
  headers: Readonly<Record<string, string>> = {},
) {
  const answer = await who.call(method, path, body, headers)
  if (answer.status < 200 || answer.status > 299) {
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
  }
  return answer.body
}

async function fill(instance: Instance, database: pg.Client, runtime: RuntimeClient) {
  const { url, admin: installer } = instance
  let people = 0
  const person = async () => {
    const email = `person${++people}@example.org`
    const client = await TestClient.signUp(url, email, password)
    const me = await must(client, 'GET', '/api/v1/me')
    return { client, email, id: String(me.user.id), tenantId: String(me.tenant.id) }
  }
  const keyOf = async (who: TestClient) =>
    String((await must(who, 'POST', '/api/v1/keys', { name: 'program' })).key)

  const owner = await person()
  const invite = async (role: string) => {
    const { client, email, id } = await person()
    const invited = await must(owner.client, 'POST', '/api/v1/invitations', { email, role })
    const secret = new URL(invited.url).hash.slice(1)
    await must(client, 'POST', '/api/v1/invitations/accept', { secret })
    return { client, email, id }
  }
  const admin = await invite('admin')
  const member = await invite('member')
  const demoted = await invite('admin')
  const memberKey = await keyOf(demoted.client)
  await must(owner.client, 'PATCH', `/api/v1/members/${demoted.id}`, { role: 'member' })
  const demotedUser = await invite('admin')
  const colleague = await invite('member')
  const otherTeacher = await invite('member')
  const student = await invite('student')
  const classmate = await invite('student')
  const learner = await invite('student')
  const removed = await invite('admin')
  const removedKey = await keyOf(removed.client)
  await must(owner.client, 'DELETE', `/api/v1/members/${removed.id}`)
  const stranger = await person()
  const [key, strangerKey] = [await keyOf(owner.client), await keyOf(stranger.client)]

  const sandbox = async () => {
    const wanted = { limits, name: `box-${newId('sb').slice(-8)}`, network: 'none' }
    return String((await must(owner.client, 'POST', '/api/v1/sandboxes', wanted)).id)
  }
  const quarantined = async () => {
    const id = await sandbox()
    const why = { cause: 'unknown', reason: 'a test has set it aside' }
    return (await runtime.ask('POST', `/sandboxes/${id}/quarantine`, quarantineEntry, {}, why)).id
  }
  const orphaned = async () => {
    const id = newId('vl')
    await runtime.ask('PUT', `/volumes/${id}`, nodeVolume, {}, { tenantId: owner.tenantId, sizeMiB: 16 })
    return id
  }
  const operatorKey = TestClient.withKey(url, installer.apiKey)
  // Whoever may make something makes one more: none of these is to be refused for want of room.
  await must(operatorKey, 'PATCH', `/api/v1/admin/tenants/${owner.tenantId}`, {
    quota: { sandboxes: 60, cpus: 24, memoryMiB: 16_384, diskMiB: 65_536, pids: 16_384 },
  })
  await must(owner.client, 'PATCH', '/api/v1/tenant', {
    studentQuota: { sandboxes: 60, awake: 60, cpus: 24 },
  })
  const { nodes } = await must(operatorKey, 'GET', '/api/v1/admin/nodes')
  const node = { nodeId: String(nodes[0].id), socketPath: String(nodes[0].address.socketPath) }
  const own = await makeVictim({ owner, colleague, classmate, sandbox, quarantined, orphaned })
  const { id: otherClass } = await must(owner.client, 'POST', '/api/v1/classes', { name: 'another' })
  await must(owner.client, 'PUT', `/api/v1/classes/${otherClass}/staff/${otherTeacher.id}`, {
    role: 'teacher',
  })
  const victim = { ...own, ...node, pupils: await makePupilsThings(owner.client, own.classId, learner) }
  await must(owner.client, 'PATCH', `/api/v1/members/${demotedUser.id}`, { role: 'member' })
  const guestOf = async (level: string, lose?: (shareId: string) => Promise<unknown>) => {
    const { client } = await person()
    for (const id of [victim.sandboxId, victim.spareId]) {
      const shared = await must(owner.client, 'POST', `/api/v1/sandboxes/${id}/shares`, { level })
      await must(client, 'POST', '/api/v1/shares/accept', { secret: new URL(shared.url).hash.slice(1) })
      await must(client, 'GET', `/api/v1/sandboxes/${id}`)
      await lose?.(String(shared.id))
    }
    return client
  }
  const guests = {
    looker: await guestOf('look'),
    typist: await guestOf('type'),
    revokedGuest: await guestOf('type', (id) => must(owner.client, 'DELETE', `/api/v1/shares/${id}`)),
    expiredGuest: await guestOf('type', (id) =>
      database.query(`UPDATE share SET "expiresAt" = now() AT TIME ZONE 'UTC' WHERE id = $1`, [id]),
    ),
  }
  const withKey = (token: string) => TestClient.withKey(url, token)
  return {
    ...{ url, database, runtime, person, sandbox, quarantined, orphaned, victim },
    tokens: { key, memberKey, strangerKey, removedKey, operatorKey: installer.apiKey },
    callers: {
      ...guests,
      nobody: new TestClient(url, { origin: url }),
      owner: owner.client,
      admin: admin.client,
      member: member.client,
      otherTeacher: otherTeacher.client,
      demoted: demotedUser.client,
      key: withKey(key),
      memberKey: withKey(memberKey),
      student: student.client,
      stranger: stranger.client,
      strangerKey: withKey(strangerKey),
      removed: removed.client,
      removedKey: withKey(removedKey),
      operator: await TestClient.signIn(url, installer.email, installer.password),
      operatorKey,
    },
  }
}

async function makeVictim(world: {
  owner: { client: TestClient; id: string; tenantId: string; email: string }
  colleague: { id: string }
  classmate: { client: TestClient; email: string }
  sandbox: () => Promise<string>
  quarantined: () => Promise<string>
  orphaned: () => Promise<string>
}) {
  const { client: owner, id: ownerId, tenantId, email } = world.owner
  const tenant = 'Victim and Sons'
  await must(owner, 'PATCH', '/api/v1/tenant', { name: tenant })
  const idempotencyKey = 'the-key-of-the-victim'
  const headers = { 'idempotency-key': idempotencyKey }
  const wanted = { limits, name: 'the-box', network: 'none', metadata: { lesson: 'confidential' } }
  const sandboxId = String((await must(owner, 'POST', '/api/v1/sandboxes', wanted, headers)).id)
  const files = `/api/v1/sandboxes/${sandboxId}/files`
  await must(owner, 'PUT', `${files}?path=diary`, 'confidential')
  await must(owner, 'PUT', `${files}?path=handout`, 'for everybody')
  const signedFor = async (method: string) => {
    const { url } = await must(owner, 'POST', `${files}/sign`, { path: 'handout', method })
    return new URL(url).searchParams.get('token') ?? ''
  }
  const opened = await must(owner, 'POST', `/api/v1/sandboxes/${sandboxId}/terminals`, {})
  const process = await must(owner, 'POST', `/api/v1/sandboxes/${sandboxId}/processes`, {
    ...{ command: 'echo confidential; exec sleep 3600', stdin: true },
  })
  const snapshotted = await must(owner, 'POST', `/api/v1/sandboxes/${sandboxId}/snapshots`, {
    name: 'confidential',
  })
  for (const name of ['confidential', 'spare']) {
    await must(owner, 'PUT', `/api/v1/templates/${name}/image`, tiny(), asBytes)
  }
  const volume = await must(owner, 'POST', '/api/v1/volumes', { name: 'confidential', sizeMiB: 16 })
  const volumes = `/api/v1/volumes/${volume.id}`
  await must(owner, 'PUT', `${volumes}/files?path=/diary`, 'confidential')
  await must(owner, 'PUT', `${volumes}/files?path=/written`, 'of the owner')
  const volumeSnapshot = await must(owner, 'POST', `${volumes}/snapshots`, { name: 'confidential' })
  const stack = await must(owner, 'POST', '/api/v1/stacks', stackBody('confidential'))
  // What is still being started would change under the rows.
  while ((await must(owner, 'GET', `/api/v1/stacks/${stack.id}`)).state === 'starting');
  const schedule = await must(owner, 'POST', '/api/v1/schedules', {
    ...{ name: 'confidential', action: 'wake', sandbox: sandboxId, cron: '@yearly' },
  })
  const taught = await must(owner, 'POST', '/api/v1/classes', { name: 'confidential' })
  const inClass = (path: string, body: object) =>
    must(owner, 'POST', `/api/v1/classes/${taught.id}/${path}`, body)
  const section = await inClass('sections', { name: 'confidential' })
  const group = await inClass('groups', { name: 'confidential' })
  const pupil = await inClass('students', { name: 'confidential', section: section.id })
  const ofClass = await inClass('invitations', { maxUses: 40 })
  const assignment = await inClass('assignments', {
    ...{ title: 'confidential', text: 'confidential', dueAt: '2999-01-01T00:00' },
  })
  const exam = await inClass('assignments', {
    ...{ title: 'confidential exam', text: 'confidential', exam: {} },
    ...{ opensAt: '2999-01-01T00:00', dueAt: '2999-01-01T02:00' },
  })
  const hiddenFile = `/api/v1/assignments/${assignment.id}/files/hidden/file?path=confidential`
  await must(owner, 'PUT', hiddenFile, 'confidential', { 'content-type': 'application/octet-stream' })
  const platform = await must(owner, 'POST', '/api/v1/lti/platforms', newPlatform())
  const lesson = await inClass('lessons', { assignment: assignment.id })
  await must(owner, 'POST', `/api/v1/lessons/${lesson.id}/messages`, { text: 'confidential' })
  const handedIn = await handIn(owner, String(taught.id), world.classmate)
  const built = await must(owner, 'POST', '/api/v1/templates/built/builds', buildForm(), asForm)
  const login = { username: 'confidential', password: 'confidential' }
  await must(owner, 'PUT', '/api/v1/registries/confidential.example.org', login)
  const transferred = await must(owner, 'POST', '/api/v1/images/pull', { from: 'localhost/confidential:1' })
  const shared = await must(owner, 'POST', `/api/v1/sandboxes/${sandboxId}/shares`, { level: 'type' })
  const run = { command: 'echo confidential', wait: true }
  const runId = String((await must(owner, 'POST', '/api/v1/runs', run, headers)).id)
  const apiKey = await must(owner, 'POST', '/api/v1/keys', { name: 'of the victim' })
  const client = await must(owner, 'POST', '/oauth/register', {
    redirect_uris: ['http://127.0.0.1/callback'],
  })
  // Nothing is sent to it: it is of a network that nobody has.
  const webhook = await must(owner, 'POST', '/api/v1/webhooks', {
    ...{ name: 'confidential', url: 'https://198.51.100.9/confidential', enabled: false },
  })
  const invitation = await must(owner, 'POST', '/api/v1/invitations', { email: 'guest@example.org' })
  const { sessions } = await must(owner, 'GET', '/api/v1/account/sessions')
  const added = await must(owner, 'POST', '/api/v1/account/ssh-keys', { keys: newPublicKey() })
  return {
    ...{ tenantId, tenant, ownerId, email, colleagueId: world.colleague.id },
    ...{ sandboxId, runId, idempotencyKey, terminalId: terminal.parse(opened).id },
    processId: String(process.id),
    /** Not looked into, so it may be paused and stopped. */
    spareId: await world.sandbox(),
    quarantineId: await world.quarantined(),
    orphanDiskId: await world.orphaned(),
    snapshotId: String(snapshotted.id),
    ...{ templateName: 'confidential', spareTemplate: 'spare' },
    volumeId: String(volume.id),
    volumeSnapshotId: String(volumeSnapshot.id),
    stackId: String(stack.id),
    buildId: String(built.id),
    scheduleId: String(schedule.id),
    classId: String(taught.id),
    sectionId: String(section.id),
    groupId: String(group.id),
    pupilId: String(pupil.id),
    classInvitationId: String(ofClass.id),
    classCode: String(ofClass.code),
    assignmentId: String(assignment.id),
    examId: String(exam.id),
    lessonId: String(lesson.id),
    platformId: String(platform.id),
    ...handedIn,
    transferId: String(transferred.id),
    shareId: String(shared.id),
    shareSecret: new URL(shared.url).hash.slice(1),
    webhookId: String(webhook.id),
    webhookSecret: String(webhook.secret),
    ...{ keyId: String(apiKey.id), clientId: String(client.client_id) },
    signedRead: await signedFor('GET'),
    signedWrite: await signedFor('PUT'),
    invitationId: String(invitation.id),
    invitationSecret: new URL(invitation.url).hash.slice(1),
    sessionId: String(sessions[0].id),
    sshKeyId: String(added.keys[0].id),
  }
}

/** Something that a student of a class has handed in. */
async function handIn(
  owner: TestClient,
  classId: string,
  { client, email }: { client: TestClient; email: string },
) {
  await must(owner, 'POST', `/api/v1/classes/${classId}/students`, { name: 'Classmate', email })
  const { id } = await must(owner, 'POST', `/api/v1/classes/${classId}/assignments`, {
    ...{ title: 'confidential hand-in', published: true, limits, network: 'none' },
    tests: [{ id: 'confidential', name: 'confidential', points: 1, command: 'true' }],
  })
  const { sandbox } = await must(client, 'POST', `/api/v1/assignments/${id}/start`)
  await must(client, 'PUT', `/api/v1/sandboxes/${sandbox}/files?path=confidential`, 'confidential')
  const submitted = await must(client, 'POST', `/api/v1/assignments/${id}/submissions`)
  const receipt = await must(client, 'GET', `/api/v1/submissions/${submitted.id}/receipt`)
  await must(client, 'DELETE', `/api/v1/sandboxes/${sandbox}`)
  const comment = await must(owner, 'POST', `/api/v1/submissions/${submitted.id}/comments`, {
    ...{ path: 'confidential', line: 1, text: 'confidential' },
  })
  return {
    lineCommentId: String(comment.id),
    classmateId: String((await must(client, 'GET', '/api/v1/me')).user.id),
    ...{ handedInId: String(id), submissionId: String(submitted.id), receipt: JSON.stringify(receipt) },
  }
}

/** What a student of a class has made, and what staff have made of it. */
async function makePupilsThings(
  owner: TestClient,
  classId: string,
  { client, email }: { client: TestClient; email: string },
) {
  await must(owner, 'POST', `/api/v1/classes/${classId}/students`, { name: 'learner', email })
  const wanted = { limits, name: 'homework', network: 'none' }
  const sandboxId = String((await must(client, 'POST', '/api/v1/sandboxes', wanted)).id)
  const path = `/api/v1/sandboxes/${sandboxId}`
  await must(client, 'PUT', `${path}/files?path=diary`, 'confidential')
  const opened = await must(client, 'POST', `${path}/terminals`, {})
  const process = await must(client, 'POST', `${path}/processes`, {
    ...{ command: 'echo confidential; exec sleep 3600', stdin: true },
  })
  const snapshot = await must(client, 'POST', `${path}/snapshots`, { name: 'homework' })
  const schedule = await must(owner, 'POST', '/api/v1/schedules', {
    ...{ name: 'homework', action: 'wake', sandbox: sandboxId, cron: '@yearly' },
  })
  const share = await must(owner, 'POST', `${path}/shares`, { level: 'type' })
  const run = await must(client, 'POST', '/api/v1/runs', { command: 'echo confidential', wait: true })
  // A copy by staff is no more theirs than the work.
  const copy = await must(owner, 'POST', '/api/v1/sandboxes', { snapshot: snapshot.id, network: 'none' })
  return {
    ...{ sandboxId, spareId: String(copy.id), terminalId: terminal.parse(opened).id },
    ...{ processId: String(process.id), snapshotId: String(snapshot.id), runId: String(run.id) },
    ...{ scheduleId: String(schedule.id), shareId: String(share.id) },
  }
}

/** A stack of one small service. */
export const stackBody = (name: string) => ({
  name,
  compose: `services: {job: {image: base, command: "sleep 3600", cpus: 0.05, mem_limit: 32m, pids_limit: 16, storage_opt: {size: 16m}}}`,
})
