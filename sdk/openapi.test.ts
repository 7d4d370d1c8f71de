import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { file, image, layout, plainLayer, tar } from '../testing/images.js'
import type { Instance } from '../testing/instance.js'
import { sharedInstance } from '../testing/shared-instance.js'
import { newPublicKey } from '../testing/ssh-key.js'
import { Cloche } from './index.js'

/** Accounts, members and whole tenants: somebody signed in does that on a page, and a key may not. Signed URLs need no SDK. */
const forPeople =
  /^\/api\/v1\/(files\/signed|account|admin|audit\.csv|grants|lti|members|invitations|tenants?|usage\.csv|shares($|\/(accept|leave|preview)$))/

const document = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) })

const compose =
  'services: {web: {image: base, command: sleep 99, cpus: 0.1, mem_limit: 64m, storage_opt: {size: 64m}}}'

/** Calls everything there is to call, once. */
async function callAll(cloche: Cloche): Promise<void> {
  await Promise.all([cloche.me(), cloche.templates(), cloche.languages(), cloche.quota(), cloche.usage()])
  await cloche.diskUse()
  await cloche.audit().next()
  const { id: keyId } = await cloche.keys.create({ name: 'reader', limits: { readOnly: true } })
  await cloche.keys.list()
  await cloche.keys.delete(keyId)
  const sandbox = await cloche.sandboxes.create({ limits: { memoryMiB: 128, diskMiB: 64, pids: 64 } })
  await Promise.all([cloche.sandboxes.list().next(), sandbox.describe(), sandbox.update({ name: 'x' })])
  await sandbox.exec('true')
  const { files, terminals, processes } = sandbox
  await files.write('a', 'a')
  await Promise.all([files.read('a'), files.stat('a'), files.list(), files.mkdir('d')])
  await files.copy('a', 'c')
  await files.chmod('c', '600')
  await files.signUrl('c')
  for await (const _ of files.search('a'));
  for await (const _ of files.watch()) break
  await files.move('a', 'b')
  await files.remove('b')
  await files.unpack('e', await new Response(await files.pack('d')).blob())
  const process = await processes.start('read x', { stdin: true, tty: { cols: 80, rows: 24 } })
  await Promise.all([processes.list(), process.resize(90, 30), process.signal('SIGWINCH')])
  await process.write('x\n')
  await process.wait()
  await process.output().next()
  await process.kill()
  await sandbox.languageServers.list()
  await Promise.all([sandbox.ports.list(), sandbox.ports.share(8000)])
  await Promise.all([cloche.sshServer(), sandbox.sshAccess(newPublicKey())])
  const { shares } = sandbox
  const shared = await shares.create({ level: 'look' })
  await shares.list()
  await shares.change(shared.id, { level: 'type' })
  await shares.delete(shared.id)
  const terminal = await terminals.open()
  await terminals.list()
  await terminal.close()
  await cloche.importTemplate('tiny', layout([image([plainLayer([file('etc/passwd')])])]))
  const { id: buildId } = await cloche.buildTemplate('tiny', tar([file('Dockerfile', 'FROM scratch')]))
  await Promise.all([cloche.builds.list(), cloche.builds.cancel('tiny', buildId)])
  await (await cloche.exportTemplate('tiny')).cancel()
  await cloche.deleteTemplate('tiny')
  await cloche.createTemplate('none', { image: 'none' }).catch(() => {})
  const { images, registries } = cloche
  await registries.set('tiny', { username: 'me', password: 'mine' })
  await registries.list()
  const { id: transferId } = await images.pull('localhost/app:1')
  for await (const _ of images.events(transferId));
  await Promise.all([images.transfers(), images.transfer(transferId), images.cancel(transferId)])
  await images.push('none', 'localhost/app:1').catch(() => {})
  await images.export('none').catch(() => {})
  await registries.delete('tiny')
  const { id } = await sandbox.snapshot()
  await Promise.all([sandbox.changes(), cloche.snapshots.describe(id), cloche.snapshots.list().next()])
  await (await cloche.snapshots.pack(id, '/etc/passwd')).cancel()
  await sandbox.restore(id)
  for (const fork of await sandbox.fork()) await fork.delete()
  await cloche.snapshots.toImage(id, 'of-a-snapshot:1')
  await cloche.createTemplate('of-a-snapshot', { snapshot: id })
  await cloche.snapshots.rename(id, 'renamed')
  await cloche.snapshots.delete(id)
  const { classes } = cloche
  const { id: classId } = await classes.create({ name: 'tiny' })
  await Promise.all([
    classes.list().next(),
    classes.describe(classId),
    classes.update(classId, { name: 'x' }),
  ])
  for (const parts of [classes.sections, classes.groups]) {
    const part = await parts.create(classId, 'tiny')
    await parts.rename(classId, part.id, 'x')
    await parts.delete(classId, part.id)
  }
  const pupil = await classes.students.add(classId, { name: 'Ann' })
  await classes.students.list(classId).next()
  await classes.students.update(classId, pupil.id, { number: '7' })
  await classes.makeCards(classId, [pupil.id])
  const { assignments } = cloche
  const task = await assignments.create(classId, { title: 'tiny', dueAt: '2990-01-01T12:00' })
  await Promise.all([assignments.list(classId).next(), assignments.describe(task.id)])
  await assignments.update(task.id, { text: 'x' })
  await assignments.extend(task.id, pupil.id, '2990-01-02T12:00')
  await assignments.extensions(task.id)
  await assignments.removeExtension(task.id, pupil.id)
  await assignments.starter.write(task.id, 'a.txt', 'a')
  await assignments.starter.list(task.id)
  await assignments.starter.read(task.id, 'a.txt')
  await assignments.hidden.replace(task.id, await assignments.starter.pack(task.id))
  await assignments.hidden.delete(task.id, 'a.txt')
  await assignments.start(task.id).catch(() => {})
  await assignments.check(task.id).catch(() => {})
  await assignments.work(task.id).next()
  await assignments
    .attempts(task.id)
    .next()
    .catch(() => {})
  await assignments.events(task.id).next()
  await assignments.statistics(task.id)
  await assignments.keptWork(task.id, pupil.id)
  await assignments.packKeptWork(task.id, pupil.id, 'ek_00000000000000000000').catch(() => {})
  await assignments.tell(task.id, { type: 'leave' }).catch(() => {})
  await assignments.own().catch(() => {})
  await assignments.importTests(task.id, { file: 'tests.json', content: '{"tests":[]}' })
  await assignments.move(task.id, classId)
  const copy = await assignments.duplicate(task.id)
  const course = new Blob([new Uint8Array(await assignments.exportCourse(classId))])
  await assignments.importCourse(classId, course, await assignments.previewCourse(classId, course))
  await assignments.order(classId, [copy.id, task.id])
  const { lessons } = cloche
  const { id: lesson } = await lessons.start(classId, { assignment: task.id })
  await Promise.all([lessons.list(classId).next(), lessons.describe(lesson), lessons.students(lesson)])
  await lessons.screens(lesson)
  const unknown = { sandbox: 'sb_00000000000000000000', terminal: 'tm_00000000000000000000' }
  await lessons.show(lesson, unknown).catch(() => {})
  await lessons.stopShowing(lesson)
  await lessons.setTimetable(classId, [])
  await lessons.timetable(classId)
  await lessons.freeze(lesson)
  await lessons.thaw(lesson, { students: [pupil.id] })
  await lessons.push(lesson, { path: 'a.txt', students: [pupil.id] }, 'a')
  await lessons.reset(lesson)
  await lessons.send(lesson, { text: 'x' })
  await lessons.messages(lesson)
  await lessons.lowerHandOf(lesson, pupil.id)
  await lessons.own().catch(() => {})
  await lessons.raiseHand(lesson).catch(() => {})
  await lessons.lowerHand(lesson).catch(() => {})
  await lessons.end(lesson)
  const { submissions } = cloche
  const none = 'su_00000000000000000000'
  await submissions.create(task.id).catch(() => {})
  await submissions.list(task.id).next()
  await submissions.describe(none).catch(() => {})
  await submissions.receipt(none).catch(() => {})
  await submissions.files(none).catch(() => {})
  await submissions.read(none, 'a').catch(() => {})
  await submissions.pack(none).catch(() => {})
  await submissions.diff(none).catch(() => {})
  await assignments.similarity(task.id)
  await assignments.similarPair(task.id, none, none).catch(() => {})
  await submissions.comments(none).catch(() => {})
  await submissions.comment(none, { path: 'a', line: 1, text: 'x' }).catch(() => {})
  await submissions.changeComment(none, 'lc_00000000000000000000', 'x').catch(() => {})
  await submissions.deleteComment(none, 'lc_00000000000000000000').catch(() => {})
  await submissions.grade(none).catch(() => {})
  await submissions.gradings(none).catch(() => {})
  await assignments.grade(task.id).catch(() => {})
  await assignments.cancelGradings(task.id)
  await assignments.grades(task.id).next()
  await assignments.giveGrade(task.id, 'tiny', { points: 1 }).catch(() => {})
  await assignments.givenGrades(task.id, 'tiny')
  await Promise.all([classes.gradebook(classId), classes.exportGradebook(classId)])
  const points = `Name,${task.title}\n`
  await classes.previewGradebook(classId, points).catch(() => {}) // a copy has the same title
  await classes.importGradebook(classId, points, { digest: '0'.repeat(64) }).catch(() => {})
  await submissions.checkReceipt({
    ...{
      submission: none,
      assignment: { id: task.id, title: 'x' },
      class: { id: classId, name: 'x' },
      student: 'x',
    },
    ...{ number: 1, at: '2026-12-01T08:00:00.000Z', digest: 'x', files: 1, bytes: 1, seal: 'x' },
  })
  await assignments.delete(task.id)
  await (await classes.students.exportData(classId, pupil.id)).cancel()
  await classes.students.previewDataDeletion(classId, pupil.id)
  await classes.students.deleteData(classId, pupil.id, { confirm: pupil.id })
  await classes.students.remove(classId, pupil.id)
  const roster = 'Name\nBen\n'
  await classes.importRoster(classId, roster, await classes.previewRoster(classId, roster))
  await classes.exportRoster(classId)
  await classes.course(classId)
  await classes.disconnectCourse(classId).catch(() => {}) // it is connected to none
  await classes.previewCourseRoster(classId).catch(() => {})
  await classes.applyCourseRoster(classId, { digest: '0'.repeat(64) }).catch(() => {})
  await classes.sendCourseScores(classId).catch(() => {})
  await classes.setStaff(classId, 'tiny', 'teacher').catch(() => {})
  await classes.removeStaff(classId, 'tiny').catch(() => {})
  const { id: inviteId } = await classes.invite(classId)
  await classes.invitations(classId)
  await classes.revoke(classId, inviteId)
  await classes.delete(classId)
  const { schedules, volumes } = cloche
  const daily = await schedules.create({ action: 'wake', sandbox: sandbox.id, cron: '@daily' })
  await Promise.all([schedules.list().next(), schedules.describe(daily.id), schedules.run(daily.id)])
  await schedules.update(daily.id, { enabled: false })
  await schedules.delete(daily.id)
  const volume = await volumes.create({ name: 'v', sizeMiB: 16 })
  await Promise.all([
    volumes.list().next(),
    volumes.describe(volume.id),
    volumes.update(volume.id, { name: 'w' }),
  ])
  const stored = volumes.files(volume.id)
  await stored.write('/a', 'a')
  await Promise.all([stored.read('/a'), stored.stat('/a'), stored.list('/'), stored.mkdir('/d')])
  await stored.copy('/a', '/c')
  await stored.chmod('/c', '600')
  await stored.move('/a', '/b')
  await stored.remove('/b')
  await stored.unpack('/e', await new Response(await stored.pack('/d')).blob())
  await volumes.search(volume.id, 'nothing').next()
  const kept = await volumes.snapshot(volume.id)
  await volumes.snapshots().next()
  await volumes.deleteSnapshot(kept.id)
  await volumes.delete(volume.id)
  for await (const _ of cloche.events.follow({ since: 0, follow: false })) break
  const { webhooks } = cloche
  const hook = await webhooks.create({ url: 'https://198.51.100.9/', enabled: false })
  await Promise.all([webhooks.list().next(), webhooks.describe(hook.id), webhooks.rotateSecret(hook.id)])
  await webhooks.update(hook.id, { types: ['run.finished'] })
  await webhooks.deliveries(hook.id).next()
  // Nothing is sent while it is disabled.
  await webhooks.replayFailed(hook.id, new Date()).catch(() => {})
  await webhooks.replay(hook.id, hook.id.replace('wh_', 'wd_')).catch(() => {})
  await webhooks.delete(hook.id)
  const { stacks } = cloche
  await stacks.plan({ compose, name: 'site' })
  const stack = await stacks.create({ compose, name: 'site' })
  await Promise.all([stacks.list().next(), stacks.describe(stack.id), stacks.settled(stack.id)])
  for await (const _ of stacks.logs(stack.id, { follow: false }));
  for (const act of ['stop', 'start', 'delete'] as const) await stacks[act](stack.id)
  await sandbox.keepAwake()
  for (const act of ['pause', 'resume', 'stop', 'start', 'delete'] as const) await sandbox[act]()
  const run = await cloche.runs.create({ command: 'true' })
  await Promise.all([run.result(), run.describe(), cloche.runs.list().next(), cloche.runs.callbackSecret()])
  await run.cancel()
  await cloche.runs.deleteFinished(new Date())
}

describe('the SDK and the OpenAPI document', () => {
  let instance: Instance
  beforeAll(async () => {
    instance = await sharedInstance()
  })
  afterAll(() => instance[Symbol.asyncDispose]())

  it('know the same calls, but those for pages and operators', async () => {
    const called = new Set<string>()
    const fetch: typeof globalThis.fetch = (url, init) => {
      called.add(`${init?.method} ${new URL(String(url)).pathname}`)
      return globalThis.fetch(url, init)
    }
    await callAll(new Cloche({ url: instance.url, apiKey: instance.admin.apiKey, fetch }))
    const { paths } = document.parse(
      await (await globalThis.fetch(`${instance.url}/api/openapi.json`)).json(),
    )
    const operations = Object.entries(paths)
      .filter(([path]) => path.startsWith('/api/v1/') && !forPeople.test(path))
      .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`))
    const covers = (operation: string, call: string) =>
      new RegExp(`^${operation.replaceAll(/{\w+}/g, '(?:[a-z]{2}_\\w+|\\d+|tiny|starter|hidden)')}$`).test(
        call,
      )
    const calls = [...called]
    expect(calls.filter((call) => !operations.some((operation) => covers(operation, call)))).toEqual([])
    expect(operations.filter((operation) => !calls.some((call) => covers(operation, call)))).toEqual([])
  })
})
