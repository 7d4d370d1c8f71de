import { setTimeout as sleep } from 'node:timers/promises'
import { lessonStudents } from '../protocol/api/index.js'
import { TestClient } from '../testing/client.js'
import { ask } from './ask.js'
import type { Cloche } from './cloche.js'
import { cpuMs } from './cpu.js'
import type { Peer } from './peers/peer.js'
import type { Samples } from './samples.js'
import { answered, type Seat, sitAtTerminal } from './seat.js'
import { term } from './term.js'

export const classMetrics = {
  arrival: 'A class opens one lesson within five seconds: from asking to the prompt',
  failed: 'There: without a prompt',
  echo: "A key's echo in a lesson",
  overview: "The teacher's page: one update, all students",
  overviewCpu: 'There: share of one processor for the server, one update a second',
  freeze: 'Freeze all',
  thaw: 'Thaw all',
  push: 'Send a file of 1 MiB to all',
  grading: 'Ten tests of every hand-in',
} as const

const arriveWithinMs = 5000
const keyEveryMs = 500
const pushBytes = 1024 ** 2
const tests = Array.from({ length: 10 }, (_, at) => ({
  ...{ id: `sum-${at}`, name: `Sum ${at}`, points: 1, command: 'sh sum.sh', comparison: 'exact' },
  ...{ input: `${at} 1\n`, expected: `${at + 1}` },
}))
/** As the pool keeps them. */
const limits = { cpus: 1, memoryMiB: 512, diskMiB: 256, pids: 128 }

interface Student {
  readonly client: TestClient
  readonly sandbox: string
  readonly seat: Seat
}

/**
 * A lesson of `size` students, each a client of its own over HTTP and a socket: they arrive, type while ten of them
 * compile, are frozen, are sent a file, and hand in. Then the pages of a term of 200 students.
 */
export async function classroom(
  samples: Samples,
  cloche: Cloche,
  peers: readonly Peer[],
  size: number,
  rounds: number,
): Promise<void> {
  await cloche.liftQuota()
  const { url, email, password } = cloche.instance.admin
  const teacher = await TestClient.signIn(url, email, password)
  const { id: classId } = await ask(teacher, 'POST', '/classes', { name: `Class of ${size}` })
  const clients = await enrol(url, teacher, classId, size)
  const assignment = await ask(teacher, 'POST', `/classes/${classId}/assignments`, {
    ...{ title: 'Sums', published: true, limits, tests, grading: { automatic: false } },
    ...{ steps: [{ id: 'sum', title: 'Add', check: { command: 'sh sum.sh' } }] },
  })
  const lesson = await ask(teacher, 'POST', `/classes/${classId}/lessons`, { assignment: assignment.id })
  await cloche.poolFull()
  const students = await arrive(samples, url, clients, assignment.id)
  if (students.length === 0) throw new Error('nobody has arrived')
  await typing(samples, students)
  await overview(samples, cloche, teacher, lesson.id)
  const subject = `Cloche, ${students.length} students`
  for (let round = 0; round < rounds; round++) {
    await samples.time(classMetrics.freeze, subject, () =>
      ask(teacher, 'POST', `/lessons/${lesson.id}/freeze`, {}),
    )
    await samples.time(classMetrics.thaw, subject, () =>
      ask(teacher, 'POST', `/lessons/${lesson.id}/thaw`, {}),
    )
    await samples.time(classMetrics.push, subject, () => push(teacher, lesson.id, round))
  }
  for (const { seat } of students) await seat[Symbol.asyncDispose]()
  await grading(samples, teacher, students, assignment.id, peers)
  await ask(teacher, 'POST', `/lessons/${lesson.id}/end`)
  for (const { client, sandbox } of students) await ask(client, 'DELETE', `/sandboxes/${sandbox}`)
  await term(samples, cloche, teacher, rounds)
}

/** Accounts that join as students. */
async function enrol(url: string, teacher: TestClient, classId: string, size: number): Promise<TestClient[]> {
  const clients: TestClient[] = []
  while (clients.length < size) {
    const email = `student${clients.length}@bench.example`
    const client = await TestClient.signUp(url, email)
    const invited = await ask(teacher, 'POST', '/invitations', { email, role: 'student' })
    await ask(client, 'POST', '/invitations/accept', { secret: new URL(invited.url).hash.slice(1) })
    await ask(teacher, 'POST', `/classes/${classId}/students`, { name: `Student ${clients.length}`, email })
    clients.push(client)
  }
  return clients
}

/** Each at its own moment of the five seconds. */
async function arrive(
  samples: Samples,
  url: string,
  clients: readonly TestClient[],
  assignment: string,
): Promise<Student[]> {
  const come = async (client: TestClient, at: number): Promise<Student> => {
    await sleep((at * arriveWithinMs) / clients.length)
    return samples.time(classMetrics.arrival, `Cloche, ${clients.length} students`, async () => {
      const { sandbox } = await ask(client, 'POST', `/assignments/${assignment}/start`)
      const seat = await sitAtTerminal(url, { extraHeaders: client.extraHeaders }, sandbox)
      await new Promise<void>((resolve) => {
        seat.onBytes = () => resolve()
      })
      return { client, sandbox, seat }
    })
  }
  const came = await Promise.allSettled(clients.map(come))
  const failures = came.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []))
  samples.add(classMetrics.failed, `Cloche, ${clients.length} students`, failures.length, '')
  if (failures[0] !== undefined) console.error(`a student did not arrive: ${failures[0]}`)
  await sleep(1500) // the shells' own words at their start
  return came.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
}

/** First one student alone, then all of them while ten compile as well. */
async function typing(samples: Samples, students: readonly Student[]): Promise<void> {
  const [first] = students
  if (first === undefined) return
  const keys = 120
  await type(samples, first.seat, 'one student alone', keys)
  const compiling = students.slice(-10)
  for (const { client, sandbox } of compiling) {
    await ask(client, 'POST', `/sandboxes/${sandbox}/processes`, { command: compileForEver })
  }
  const subject = `${students.length} students, ${compiling.length} of them compile`
  await Promise.all(
    students.map(async ({ seat }, at) => {
      await sleep((at * keyEveryMs) / students.length)
      await type(samples, seat, subject, keys / 2)
    }),
  )
  for (const { client, sandbox } of compiling) {
    await ask(client, 'POST', `/sandboxes/${sandbox}/exec`, { command: 'pkill -x python3; true' })
  }
}

/** Python's own compiler over its own library: the base template has no other. */
const compileForEver = [
  'python3',
  '-c',
  [
    'import glob',
    "texts = [(name, open(name).read()) for name in glob.glob('/usr/lib/python3*/*.py')]",
    "while True: [compile(text, name, 'exec') for name, text in texts]",
  ].join('\n'),
]

async function type(samples: Samples, seat: Seat, subject: string, keys: number): Promise<void> {
  for (let key = 0; key < keys; key++) {
    const began = performance.now()
    await samples.time(classMetrics.echo, subject, () => answered(seat, key % 2 === 0 ? 'k' : '\x7f'))
    await sleep(Math.max(0, keyEveryMs - (performance.now() - began)))
  }
}

async function overview(
  samples: Samples,
  cloche: Cloche,
  teacher: TestClient,
  lesson: string,
): Promise<void> {
  const server = (await cloche.instance.processes()).get('server') ?? 0
  const read = async () => lessonStudents.parse(await ask(teacher, 'GET', `/lessons/${lesson}/students`))
  const seconds = 20
  const cpuOf = async (act: () => Promise<unknown>) => {
    const before = cpuMs(server)
    for (let second = 0; second < seconds; second++) {
      const began = performance.now()
      await act()
      await sleep(Math.max(0, 1000 - (performance.now() - began)))
    }
    return ((cpuMs(server) - before) / (seconds * 1000)) * 100
  }
  const idle = await cpuOf(async () => {})
  const { students } = await read()
  const subject = `Cloche, ${students.length} students`
  const busy = await cpuOf(() => samples.time(classMetrics.overview, subject, read))
  samples.add(classMetrics.overviewCpu, subject, busy - idle, '%')
}

async function push(teacher: TestClient, lesson: string, round: number): Promise<void> {
  const { students } = await ask(
    teacher,
    'PUT',
    `/lessons/${lesson}/files?path=handout-${round}.bin`,
    new Uint8Array(pushBytes).fill(round),
    { 'content-type': 'application/octet-stream' },
  )
  if (students.some(({ outcome }: { outcome: string }) => outcome !== 'done'))
    throw new Error(JSON.stringify(students))
}

/** All that were handed in, at once; beside it as many containers as there are tests, four at a time. */
async function grading(
  samples: Samples,
  teacher: TestClient,
  students: readonly Student[],
  assignment: string,
  peers: readonly Peer[],
): Promise<void> {
  for (const { client, sandbox } of students) {
    const content = 'read a b; echo $((a + b))\n'
    await ask(client, 'PUT', `/sandboxes/${sandbox}/files?path=sum.sh`, content, {
      'content-type': 'application/octet-stream',
    })
    await ask(client, 'POST', `/assignments/${assignment}/submissions`)
  }
  const subject = `Cloche, ${students.length} hand-ins`
  await samples.time(classMetrics.grading, subject, async () => {
    await ask(teacher, 'POST', `/assignments/${assignment}/gradings`, { which: 'ungraded' })
    for (let done = 0; done < students.length; await sleep(100)) {
      const { items } = await ask(teacher, 'GET', `/assignments/${assignment}/grades?limit=200`)
      done = items.filter(({ tested }: { tested: number | null }) => tested === tests.length).length
    }
  })
  for (const { name, once } of peers) {
    if (once === undefined || !/docker|podman/.test(name)) continue
    let left = students.length * tests.length
    await samples.time(classMetrics.grading, `${name}, ${left} times \`true\``, () =>
      Promise.all(
        Array.from({ length: 4 }, async () => {
          while (left-- > 0) await once()
        }),
      ),
    )
  }
}
