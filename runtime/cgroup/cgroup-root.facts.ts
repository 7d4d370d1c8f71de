import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { prepareCgroupRoot, removeCgroupRoot } from './cgroup-root.js'
import { detectHierarchy, makeCgroup, processesOf, removeCgroup, writeValue } from './hierarchy.js'

/** Facts about version 2 only; `version2.test.ts` sees to it that they are looked at. */
describe('a runtime that systemd starts in the cgroup which it delegates to it', () => {
  const slice = '/system.slice'
  const root = `${slice}/cloche.service`
  const hierarchy = detectHierarchy()
  const own = () => readFileSync('/proc/self/cgroup', 'utf8').trim()

  it('moves itself aside, so that the kernel lets the cgroup hand controllers down', async () => {
    makeCgroup(hierarchy, slice)
    makeCgroup(hierarchy, `${root}/probe`)
    await removeCgroup(hierarchy, `${root}/probe`)
    const handedDown = join('/sys/fs/cgroup', root, 'cgroup.subtree_control')
    writeValue(handedDown, '-cpu -io -memory -pids')
    writeValue(join('/sys/fs/cgroup', root, 'cgroup.procs'), process.pid)
    expect(() => writeValue(handedDown, '+memory')).toThrow(/EBUSY/)
    await prepareCgroupRoot(hierarchy, root)
    expect(readFileSync(handedDown, 'utf8').trim()).toBe('cpu io memory pids')
    expect(await processesOf(hierarchy, root)).toEqual([])
    expect(own()).toBe(`0::${root}/daemons`)
  })

  it('does so again at its next start, when it finds what it made', async () => {
    await prepareCgroupRoot(hierarchy, root)
    expect(own()).toBe(`0::${root}/daemons`)
  })

  it('takes everything away at its end but the cgroup that it stands in', async () => {
    makeCgroup(hierarchy, `${root}/tenant/sandbox`)
    await removeCgroupRoot(hierarchy, root)
    expect(await processesOf(hierarchy, `${root}/daemons`)).toContain(process.pid)
    writeValue('/sys/fs/cgroup/cgroup.procs', process.pid)
    await removeCgroupRoot(hierarchy, root)
    await expect(processesOf(hierarchy, root)).resolves.toEqual([])
  })
})
