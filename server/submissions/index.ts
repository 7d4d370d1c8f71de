import type { AssignmentFiles } from '../assignments/files.js'
import type { WorkLists } from '../assignments/work.js'
import type { Comparer } from '../compare/comparer.js'
import type { Database } from '../database/client.js'
import type { SandboxService } from '../sandboxes/service.js'
import { Turns } from '../turns.js'
import { SubmissionContents } from './contents.js'
import { SubmissionDiffs } from './diff.js'
import { HomeReader } from './home.js'
import { SubmissionLists } from './lists.js'
import { Receipts } from './receipts.js'
import { SubmissionService } from './service.js'

/** Each holds what is handed in while it is read: 16 MiB at most. */
const readingAtOnce = 4

interface Needs {
  readonly database: Database
  readonly sandboxes: SandboxService
  readonly files: AssignmentFiles
  readonly work: WorkLists
  readonly comparer: Comparer
  readonly secret: string
}

/** What there is to do with what students hand in. */
export function openSubmissions({ database, sandboxes, files, work, comparer, secret }: Needs) {
  const contents = new SubmissionContents(database)
  const homes = new HomeReader(database, sandboxes)
  return {
    homes,
    submissions: new SubmissionService(database, homes, work, new Turns(readingAtOnce)),
    lists: new SubmissionLists(database),
    receipts: new Receipts(database, secret),
    diffs: new SubmissionDiffs(database, contents, files, comparer),
    contents,
  }
}
export type Submissions = ReturnType<typeof openSubmissions>
