import type { PasswordHash } from '../auth/auth.js'
import type { Principals } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import type { Members } from '../tenants/members.js'
import { Cards } from './cards.js'
import { ClassInvitations } from './invitations.js'
import { ClassParts } from './parts.js'
import { Rosters } from './roster/service.js'
import { ClassService } from './service.js'
import { ClassStudents } from './students.js'

/** What there is to do in classes. */
export const openClasses = (
  database: Database,
  principals: Principals,
  members: Members,
  hashing: () => Promise<PasswordHash>,
  publicUrl: string,
) => ({
  classes: new ClassService(database, principals),
  parts: new ClassParts(database),
  students: new ClassStudents(database, principals),
  invitations: new ClassInvitations(database, members),
  rosters: new Rosters(database, principals),
  cards: new Cards(database, principals, hashing, publicUrl),
})
export type Classes = ReturnType<typeof openClasses>
