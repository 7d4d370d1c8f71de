import type { ImageUser } from '../container/image-settings.js'
import { idRangeSize } from '../linux/userns.js'
import { badImage } from './error.js'

interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
}
interface Group {
  readonly name: string
  readonly gid: number
  readonly members: readonly string[]
}

/**
 * Whom an image's programs run as, in the way of Docker: a name or a number, and perhaps a group.
 * @param stated such as `app`, `1000`, `1000:1000`; empty is root
 * @param passwd the image's own /etc/passwd, with its /etc/group
 * @throws RuntimeRefusal `invalid_request` when there is nobody of that name
 */
export function userOf(stated: string, passwd: string, group: string): ImageUser {
  const [who = '', ofGroup] = stated.split(':')
  const accounts = accountsIn(passwd)
  const groups = groupsIn(group)
  const named = who === '' ? '0' : who
  const number = idIn(named)
  const account = accounts.find(({ name, uid }) => name === named || uid === number)
  const uid = account?.uid ?? number
  if (uid === undefined)
    throw badImage(`it runs as ${JSON.stringify(who.slice(0, 80))}, whom its /etc/passwd does not have`)
  const gid = ofGroup === undefined ? (account?.gid ?? 0) : groupIdOf(ofGroup, groups)
  const more =
    ofGroup === undefined ? groups.filter(({ members }) => members.includes(account?.name ?? '')) : []
  return {
    ...{ name: account?.name ?? (uid === 0 ? 'root' : String(uid)), uid, gid },
    groups: [...new Set([gid, ...more.map((one) => one.gid)])],
    home: account?.home ?? (uid === 0 ? '/root' : '/'),
  }
}

function groupIdOf(stated: string, groups: readonly Group[]): number {
  const number = idIn(stated)
  const gid = groups.find(({ name, gid: one }) => name === stated || one === number)?.gid ?? number
  if (gid !== undefined) return gid
  throw badImage(
    `it runs with the group ${JSON.stringify(stated.slice(0, 80))}, which its /etc/group does not have`,
  )
}

function idIn(text: string): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return undefined
  const id = Number(text)
  if (id < idRangeSize) return id
  throw badImage(`it runs as ${text}, and a sandbox has ids up to ${idRangeSize - 1}`)
}

const fieldsIn = (text: string) => text.split('\n').map((line) => line.split(':'))
const isId = (text: string | undefined) => /^\d{1,5}$/.test(text ?? '') && Number(text) < idRangeSize

function accountsIn(passwd: string): Account[] {
  return fieldsIn(passwd).flatMap(([name = '', , uid, gid, , home = '']) =>
    isId(uid) && isId(gid) && name !== ''
      ? [{ name, uid: Number(uid), gid: Number(gid), home: home.startsWith('/') ? home : '/' }]
      : [],
  )
}

function groupsIn(group: string): Group[] {
  return fieldsIn(group).flatMap(([name = '', , gid, members = '']) =>
    isId(gid) && name !== '' ? [{ name, gid: Number(gid), members: members.split(',') }] : [],
  )
}
