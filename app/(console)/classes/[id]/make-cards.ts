import { call } from '../../../lib/api'
import { type SignInCard, signInCards } from '../../../lib/protocol-classes'

/** Of one call: each code is hashed slowly. */
const most = 50

/** New cards, also for more students than one call makes. */
export async function makeCards(classId: string, students: readonly string[]): Promise<SignInCard[]> {
  const all: SignInCard[] = []
  for (let at = 0; at < students.length; at += most) {
    const body = { students: students.slice(at, at + most) }
    all.push(...(await call(signInCards, `/classes/${classId}/cards`, { method: 'POST', body })).cards)
  }
  return all
}
