import type { Assignments } from '../assignments/index.js'
import type { Database } from '../database/client.js'
import type { NodeRegistry } from '../nodes/registry.js'
import type { SandboxService } from '../sandboxes/service.js'
import type { SnapshotService } from '../snapshots/service.js'
import type { BroadcastWatch } from './broadcast-watch.js'
import { LessonBroadcasting } from './broadcasting.js'
import { LessonFreezing } from './freezing.js'
import { LessonOverview } from './overview.js'
import { LessonPushing } from './pushing.js'
import { LessonResetting } from './resetting.js'
import { LessonScreens } from './screens.js'
import { LessonService } from './service.js'
import { LessonSpeaking } from './speaking.js'

interface Needs {
  readonly database: Database
  readonly nodes: NodeRegistry
  readonly sandboxes: SandboxService
  readonly snapshots: SnapshotService
  readonly assignments: Assignments
  readonly broadcasts: BroadcastWatch
}

/** What there is to do in live lessons. */
export const openLessons = ({ database, nodes, sandboxes, snapshots, assignments, broadcasts }: Needs) => ({
  lessons: new LessonService(database, sandboxes.freezer),
  overview: new LessonOverview(database, nodes),
  screens: new LessonScreens(database, nodes),
  broadcasting: new LessonBroadcasting(database, sandboxes, broadcasts),
  speaking: new LessonSpeaking(database),
  freezing: new LessonFreezing(database, sandboxes.freezer),
  pushing: new LessonPushing(database, sandboxes),
  resetting: new LessonResetting(database, snapshots, assignments),
})
export type Lessons = ReturnType<typeof openLessons>
