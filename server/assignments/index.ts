import type { Logger } from 'pino'
import type { Database } from '../database/client.js'
import type { OwnTemplates } from '../nodes/own-templates.js'
import type { Templates } from '../nodes/templates.js'
import { ExecService } from '../sandboxes/exec-service.js'
import type { SandboxService } from '../sandboxes/service.js'
import { StepChecks } from './checks.js'
import { Courses } from './course/service.js'
import { AssignmentExtensions } from './extensions.js'
import { AssignmentFiles } from './files.js'
import { Organising } from './organising.js'
import { AssignmentService } from './service.js'
import { Sources } from './sources.js'
import { Starting } from './starting.js'
import { type GradesOf, WorkLists } from './work.js'

interface Needs {
  readonly database: Database
  readonly templates: Templates
  readonly own: OwnTemplates
  readonly sandboxes: SandboxService
  readonly gradesOf: GradesOf
  readonly log: Logger
}

/** What there is to do with the assignments of classes. */
export function openAssignments({ database, templates, own, sandboxes, gradesOf, log }: Needs) {
  const sources = new Sources(database, templates, own)
  const files = new AssignmentFiles(database)
  const work = new WorkLists(database, gradesOf)
  const starting = new Starting(database, sandboxes, sources, files, work, log)
  const assignments = new AssignmentService(database, sources, work)
  return {
    assignments,
    courses: new Courses(database, sources, files),
    organising: new Organising(database, sources, assignments),
    extensions: new AssignmentExtensions(database),
    checks: new StepChecks(database, new ExecService(database, sandboxes), starting, work, log),
    ...{ files, work, starting, sources },
  }
}
export type Assignments = ReturnType<typeof openAssignments>
