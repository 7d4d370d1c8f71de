import koffi from 'koffi'

const libc = koffi.load('libc.so.6')
const setfsuid = libc.func('setfsuid', 'int', ['uint'])
const setfsgid = libc.func('setfsgid', 'int', ['uint'])

/**
 * Runs `act` with another identity for files, which is this thread's alone: what it makes belongs to that owner, and
 * the owner's rights count. It must wait for nothing.
 *
 * @see setfsuid(2)
 */
export function asOwner<T>({ uid, gid }: { readonly uid: number; readonly gid: number }, act: () => T): T {
  // The group first: without the identity of root it could not be changed any more.
  setfsgid(gid)
  setfsuid(uid)
  try {
    return act()
  } finally {
    setfsuid(0)
    setfsgid(0)
  }
}
