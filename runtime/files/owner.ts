import type { Stats } from 'node:fs'
import type { FilesRoot } from './root.js'

const setGid = 0o2000

/** Who owns what, as the host's ids. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

/**
 * Whose a new file is: the user's inside, unless its directory belongs to another one than root, whose it is
 * then, or hands its group down (setgid). Never anybody's outside the sandbox's range.
 */
export function ownerIn(root: FilesRoot, directory: Stats): Owner {
  const { user } = root
  const own = root.inside(directory.uid)
  const group = root.inside(directory.gid)
  const nobodys = directory.uid !== root.uidBase + own
  const uid = own === 0 || nobodys ? user.uid : own
  const gid = (directory.mode & setGid) !== 0 || uid !== user.uid ? group : user.gid
  return { uid: root.uidBase + uid, gid: root.uidBase + gid }
}
