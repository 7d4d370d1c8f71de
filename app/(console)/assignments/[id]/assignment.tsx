'use client'

import { Panel } from '../../../components/ui/panel'
import { Failed, SkeletonRows } from '../../../components/ui/states'
import { type Assignment, assignment } from '../../../lib/protocol-assignments'
import { classDescription } from '../../../lib/protocol-classes'
import { useResource } from '../../../lib/resource'
import { StaffAssignment } from './staff'
import { StudentAssignment } from './student'

/** One assignment: its class's staff write it and see what students do, a student does it. */
export function AssignmentPage({ id }: { id: string }) {
  const { data, error, mutate } = useResource(`/assignments/${id}`, assignment)
  const path = data === undefined ? null : `/classes/${data.class}`
  const of = useResource(path, classDescription)
  if (!data || !of.data) {
    const failure = error ?? of.error
    const retry = () => Promise.all([mutate(), of.mutate()])
    return <Panel>{failure ? <Failed error={failure} retry={retry} /> : <SkeletonRows rows={5} />}</Panel>
  }
  const props = {
    of: data,
    school: of.data,
    onChange: (changed?: Assignment) =>
      void (changed === undefined ? mutate() : mutate(changed, { revalidate: false })),
  }
  return of.data.role === 'student' ? <StudentAssignment {...props} /> : <StaffAssignment {...props} />
}
