import { spawn } from 'node:child_process'
import { openSync, readlinkSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** Uids and gids of one sandbox: what a whole distribution needs, and what `/etc/subuid` hands out too. */
export const idRangeSize = 65_536

/**
 * A descriptor of a user namespace that maps 0..65535 to `base`.. and 65536 to the host's root. Nobody ever
 * enters it: it only carries the map for idmapped mounts. The last entry lets overlayfs, which works with the
 * mounter's credentials, make its work directory; without it overlayfs silently mounts read-only.
 */
export async function openIdmap(base: number): Promise<number> {
  const child = spawn('unshare', ['--user', 'cat'], { stdio: ['pipe', 'ignore', 'ignore'] })
  try {
    if (child.pid === undefined) throw new Error('unshare(1) cannot be started; is util-linux installed?')
    const proc = `/proc/${child.pid}`
    const own = readlinkSync('/proc/self/ns/user')
    // unshare(1) has no way to say that it has unshared; it does within its first milliseconds.
    for (let tries = 0; readlinkSync(`${proc}/ns/user`) === own; tries++) {
      if (tries > 5000) throw new Error('unshare --user made no user namespace')
      await sleep(1)
    }
    const map = `0 ${base} ${idRangeSize}\n${idRangeSize} 0 1\n`
    writeFileSync(`${proc}/uid_map`, map)
    writeFileSync(`${proc}/gid_map`, map)
    return openSync(`${proc}/ns/user`, 'r')
  } finally {
    child.stdin?.on('error', () => {}).end()
    child.kill('SIGKILL')
  }
}
