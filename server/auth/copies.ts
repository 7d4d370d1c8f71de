import { ApiError, forbidden } from '../errors.js'
import { type Asking, assertMay, may, ownerIdOf } from './permissions.js'
import type { Principal } from './principal.js'

/** Before the id of the student in the owner of a copy. No account has an id that begins so. */
const mark = '~'

/** The owner of what nobody knows the owner of: seen by owners and admins, who may make it the tenant's. */
export const ownerUnknown = `${mark}unknown`

const isCopy = (ownerId: string): boolean => ownerId.startsWith(mark)

/** The student whose work something is, or is a copy of; empty for what is no student's. */
const studentOf = (ownerId: string): string => (isCopy(ownerId) ? ownerId.slice(mark.length) : ownerId)

/** The person that a caller is, or who made the key. */
const personOf = ({ userId, sight }: Pick<Asking, 'userId' | 'sight'>): string | null => userId ?? sight.of

/**
 * The owner of what somebody makes of something. Of a student's work others get a copy, which is seen by whoever sees the work of
 * that student, and not by the student: there may be more in it by then than the student made.
 *
 * @param from the owner of what it is made of, which the caller sees
 */
export function ownerOfCopy(who: Asking, from: string): string {
  if (from === '') return ownerIdOf(who)
  return from === personOf(who) ? from : `${mark}${studentOf(from)}`
}

/** Whether the content of one thing may be put into another without being seen by more people than before. */
export const staysWithin = (from: string, into: string): boolean =>
  from === '' || studentOf(from) === studentOf(into)

/** Who owns something, as the API says it. */
export const presentOwner = (ownerId: string): { ownerId: string | null; copyOf: string | null } =>
  isCopy(ownerId)
    ? { ownerId: null, copyOf: studentOf(ownerId) }
    : { ownerId: ownerId === '' ? null : ownerId, copyOf: null }

/** @throws ApiError `conflict` for what is no copy; `forbidden` unless the caller is an owner or admin */
export function assertMayRelease(who: Principal, ownerId: string): void {
  assertMay(who, 'work.publish')
  if (isCopy(ownerId)) return
  throw new ApiError(
    'conflict',
    ownerId === ''
      ? 'copyOf: this is no copy of a student’s work; all members of the tenant see it already'
      : 'copyOf: this is the student’s own; make a copy of it, and all members of the tenant can see that',
  )
}

/**
 * Asked before something is made of a thing that all of the tenant see.
 * @param ownerId of the thing
 * @throws ApiError `forbidden` when it is a student's work, and the caller is neither that person nor an owner or admin
 */
export function assertMayPublish(who: Principal, ownerId: string, as: string): void {
  if (ownerId === '' || ownerId === personOf(who) || may(who, 'work.publish')) return
  throw forbidden(
    `this is the work of a student: only an owner or admin can make it ${as}, which all members of the tenant see`,
  )
}
