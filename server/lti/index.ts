import type { Logger } from 'pino'
import type { Auth } from '../auth/auth.js'
import type { Principals } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import type { Grades } from '../grading/grades.js'
import type { Outbound } from '../outbound/http.js'
import type { Sealing } from '../transfers/sealing.js'
import { PlatformCalls } from './calls.js'
import { Content } from './content.js'
import { Courses } from './courses.js'
import { Door } from './door.js'
import { ToolKeys } from './keys.js'
import { Launches } from './launch.js'
import { Links } from './links.js'
import { Logins } from './login.js'
import { PlatformKeys } from './platform-keys.js'
import { Platforms } from './platforms.js'
import { Registrations } from './registration.js'
import { CourseRosters } from './roster.js'
import { ScoreRows } from './score-rows.js'
import { ScoreSender } from './scores.js'
import { CourseStatus } from './status.js'
import { ToolUrls } from './urls.js'
import { WantedScores } from './wanted-scores.js'

interface Needs {
  readonly database: Database
  readonly auth: Auth
  readonly principals: Principals
  readonly sealing: Sealing
  readonly outbound: Outbound
  readonly grades: Grades
  readonly publicUrl: string
  readonly log: Logger
}

/** What there is to do with learning platforms. */
export function openLti({ database, auth, principals, sealing, outbound, grades, publicUrl, log }: Needs) {
  const urls = new ToolUrls(publicUrl)
  const keys = new ToolKeys(database, sealing)
  const calls = new PlatformCalls(outbound, keys)
  const platforms = new Platforms(database, calls, urls)
  const logins = new Logins(database, urls, sealing)
  const rows = new ScoreRows(database)
  return {
    ...{ keys, platforms },
    door: new Door({
      ...{ auth, publicUrl, logins, keys },
      launches: new Launches(database, logins, new PlatformKeys(database, calls)),
      courses: new Courses(database, principals),
      links: new Links(database),
      content: new Content(database, keys, urls),
      registrations: new Registrations(database, calls, platforms, urls),
    }),
    rosters: new CourseRosters(database, principals, calls),
    status: new CourseStatus(database, rows),
    wanted: new WantedScores(database, grades, rows),
    sender: new ScoreSender(database, calls, rows, log),
  }
}
export type Lti = ReturnType<typeof openLti>
