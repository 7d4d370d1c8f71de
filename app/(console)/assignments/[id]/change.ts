import { call } from '../../../lib/api'
import { type Assignment, assignment, type ChangeAssignment } from '../../../lib/protocol-assignments'

/** Changes what is named of an assignment. @throws ApiError */
export function change(id: string, wanted: ChangeAssignment): Promise<Assignment> {
  return call(assignment, `/assignments/${id}`, { method: 'PATCH', body: wanted })
}

/** What the parts of the page of an assignment are given. */
export interface PartProps {
  readonly of: Assignment
  /** The caller may change it. */
  readonly teaches: boolean
  /** Without an answer of the API: it is to be read again. */
  readonly onChange: (changed?: Assignment) => void
}
