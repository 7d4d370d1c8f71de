import type { Logger } from 'pino'
import type { Database } from '../database/client.js'
import type { Notices } from '../database/notices.js'
import { SubmissionContents } from '../submissions/contents.js'
import { Gradebooks } from './gradebook.js'
import { Grades } from './grades.js'
import { GradingLeases } from './leases.js'
import { LineComments } from './line-comments.js'
import { Performing, type Needs as PerformingNeeds } from './performing.js'
import { GradingRunner } from './runner.js'
import { GradingService } from './service.js'

/** What there is to do with grades. */
export function openGradings(database: Database) {
  const grades = new Grades(database)
  const gradings = new GradingService(database)
  return {
    ...{ gradings, grades, gradebooks: new Gradebooks(database, grades) },
    lineComments: new LineComments(database, gradings, new SubmissionContents(database)),
  }
}
export type Gradings = ReturnType<typeof openGradings>

interface Needs extends PerformingNeeds {
  readonly server: string
  readonly notices: Notices
  readonly places: ConstructorParameters<typeof GradingRunner>[2]
  readonly atOnce: number
  readonly log: Logger
}

/** What performs gradings on this server. */
export function openGradingRunner({ server, notices, places, atOnce, log, ...needs }: Needs): GradingRunner {
  const leases = new GradingLeases(needs.database, server)
  const runner = new GradingRunner(leases, new Performing(needs), places, atOnce, log)
  const look = () => void runner.look().catch((error: unknown) => log.warn({ err: error }, 'gradings wait'))
  notices.on('notice', (told) => {
    if (told.type === 'gradings') look()
  })
  notices.on('missed', look)
  return runner
}
