import type { Database } from '../database/client.js'
import type { OwnTemplates } from '../nodes/own-templates.js'
import type { Templates } from '../nodes/templates.js'
import { AssignmentExtensions } from './extensions.js'
import { AssignmentFiles } from './files.js'
import { AssignmentService } from './service.js'
import { Sources } from './sources.js'

/** What there is to do with the assignments of classes. */
export function openAssignments(database: Database, templates: Templates, own: OwnTemplates) {
  return {
    assignments: new AssignmentService(database, new Sources(database, templates, own)),
    files: new AssignmentFiles(database),
    extensions: new AssignmentExtensions(database),
  }
}
export type Assignments = ReturnType<typeof openAssignments>
