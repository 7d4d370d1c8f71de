import type { Assignment } from '../../prisma/generated/client.js'
import {
  type AssignmentTest,
  type CaseResult,
  newRunId,
  type Quota,
  quota as quotaSchema,
  type RunFile,
  type StepResult,
  storedLimits,
} from '../../protocol/api/index.js'
import type { RuntimeRunResult } from '../../protocol/node/index.js'
import type { AssignmentFiles } from '../assignments/files.js'
import { storedGrading, storedPaths, storedSource, storedTests } from '../assignments/rows.js'
import type { Comparer } from '../compare/comparer.js'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'
import type { RunPlacer } from '../nodes/run-placer.js'
import type { Templates } from '../nodes/templates.js'
import { perform } from '../runs/perform.js'
import { plan } from '../runs/plan.js'
import type { SubmissionContents } from '../submissions/contents.js'
import { causesOf, type StoredCauses } from './causes.js'
import { asRunFile, type Placed, placedFiles } from './files.js'
import { groupsOf, runOf, type Where } from './groups.js'
import type { Outcome } from './leases.js'
import { maxPointsOf, sum } from './points.js'
import type { GradingRow, StoredResult } from './rows.js'
import { judged, withoutSetup } from './verdicts.js'

export interface Needs {
  readonly database: Database
  readonly templates: Templates
  readonly placer: RunPlacer
  readonly files: AssignmentFiles
  readonly contents: SubmissionContents
  readonly comparer: Comparer
  /** Counts what a run has used for its tenant. */
  readonly meter: (tenantId: string, startedAt: Date, result: RuntimeRunResult) => Promise<void>
}

const defaults = { memoryMiB: 512, pids: 128, diskMiB: 256 }

/** Runs the tests of an assignment with a submission: on behalf of the tenant, in fresh sandboxes, of which nobody's list knows. */
export class Performing {
  constructor(private readonly needs: Needs) {}

  /** @throws ApiError why it cannot be run; as performing a run */
  async perform(row: GradingRow, canceled: AbortSignal): Promise<Outcome> {
    const { prisma } = this.needs.database
    const submission = await prisma.submission.findUniqueOrThrow({
      where: { id: row.submissionId },
      include: { assignment: true },
    })
    const { assignment } = submission
    const tests = storedTests.parse(assignment.tests)
    const results = new Map<string, StoredResult>()
    const causes = new Map<string, StoredCauses[number]>()
    const quota = await this.#quotaOf(row.tenantId)
    const where = await this.#whereOf(assignment, quota)
    const placed = await this.#placed(row, assignment)
    const groups = groupsOf(tests)
    const hidden = groups.some(({ judge }) => judge !== undefined) ? await this.#hidden(assignment) : []
    for (const group of groups) {
      canceled.throwIfAborted()
      const { run } = plan(
        runOf(group, placed, hidden, where),
        await this.needs.templates.list({ recent: true }),
        quota,
      )
      const whole = { ...run, id: newRunId(), lease: 1, tenantId: row.tenantId, quota }
      const startedAt = new Date()
      const node = await this.needs.placer.place(whole, null)
      const result = await perform(node, whole, () => {}, canceled)
      await this.needs.meter(row.tenantId, startedAt, result)
      const all = await this.#judge(group.tests, result)
      for (const one of all) results.set(one.id, one)
      for (const one of causesOf(all, printedBy(group.tests, result))) causes.set(one.test, one)
    }
    // In the order of the assignment.
    const inOrder = tests.flatMap(({ id }) => results.get(id) ?? [])
    const maxPoints = maxPointsOf(assignment)
    const points = Math.min(maxPoints, sum(inOrder.map((one) => one.points)))
    return { points, maxPoints, tests: inOrder, causes: inOrder.flatMap(({ id }) => causes.get(id) ?? []) }
  }

  async #judge(tests: readonly AssignmentTest[], result: RuntimeRunResult): Promise<StoredResult[]> {
    const stopped = result.steps.find(({ status }) => status !== 'ok')
    if (stopped !== undefined) return tests.map((test) => withoutSetup(test, stopped))
    if (result.cases.length !== tests.length) {
      throw new Error(`${result.cases.length} of ${tests.length} tests have a result: ${result.message}`)
    }
    const judgedOnes: StoredResult[] = []
    for (const [at, test] of tests.entries()) {
      const one = result.cases[at]
      if (one !== undefined) judgedOnes.push(await judged(test, one, this.needs.comparer))
    }
    return judgedOnes
  }

  async #placed({ tenantId, submissionId }: GradingRow, assignment: Assignment): Promise<Placed> {
    const { contents, files } = this.needs
    const listed = await contents.filesOf(submissionId)
    const found = await contents.contentsOf(
      tenantId,
      listed.filter(({ target }) => target === null).map(({ digest }) => digest),
    )
    const handed = listed.map(({ path, executable, target, digest }) => ({
      ...{ path, executable, target, content: found.get(digest) ?? Buffer.alloc(0) },
    }))
    const readOnly = storedPaths.parse(assignment.readOnly)
    const originals = []
    if (readOnly.length > 0) {
      for await (const one of files.contents(assignment.id, 'starter', readOnly)) originals.push(one)
    }
    return placedFiles(handed, readOnly, originals)
  }

  async #hidden({ id }: Assignment): Promise<RunFile[]> {
    const hidden = []
    for await (const one of this.needs.files.contents(id, 'hidden')) hidden.push(asRunFile(one))
    return hidden
  }

  async #whereOf(assignment: Assignment, quota: Quota): Promise<Where> {
    const { template, network } = storedGrading.parse(assignment.grading)
    const limits = { ...defaults, ...storedLimits.nullable().parse(assignment.limits) }
    const within = (part: keyof typeof defaults) => Math.min(limits[part], quota[part])
    return {
      template: template ?? (await this.#templateOf(assignment)),
      ...{ memoryMiB: within('memoryMiB'), pids: within('pids'), diskMiB: within('diskMiB'), network },
    }
  }

  async #templateOf({ source }: Assignment): Promise<string> {
    const from = storedSource.parse(source)
    if ('template' in from) return from.template
    const snapshot = await this.needs.database.prisma.snapshot.findUnique({ where: { id: from.snapshot } })
    if (snapshot === null) {
      throw new ApiError(
        'not_found',
        'the snapshot that this assignment begins with is gone; name a template in its grading',
      )
    }
    return snapshot.template
  }

  async #quotaOf(id: string): Promise<Quota> {
    const tenant = await this.needs.database.prisma.tenant.findUniqueOrThrow({ where: { id } })
    return quotaSchema.parse(tenant.quota)
  }
}

/** By the ids of tests: where their setup failed, what that printed. */
function printedBy(
  tests: readonly AssignmentTest[],
  { steps, cases }: RuntimeRunResult,
): Map<string, CaseResult | StepResult> {
  const stopped = steps.find(({ status }) => status !== 'ok')
  return new Map(
    tests.flatMap(({ id }, at) => {
      const from = stopped ?? cases[at]
      return from === undefined ? [] : [[id, from] as const]
    }),
  )
}
