import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testInstance } from '../testing/kernel.js'
import { detectHierarchy, makeCgroup, removeCgroup, writeValue } from './hierarchy.js'
import { applyLimits } from './limits.js'
import { cpuPeriodUs, cpuQuotaUs, reserveProcessors } from './processors.js'

describe('processors', () => {
  const hierarchy = detectHierarchy()
  const root = `/${testInstance}-processors`
  const host = availableParallelism()
  const device = readFileSync(`/sys/block/${readdirSync('/sys/block')[0]}/dev`, 'utf8').trim()
  const directory = (path: string) => join(hierarchy.mountOf('cpu') ?? '', path)
  const held = (path: string) => {
    if (hierarchy.version === 1)
      return Number(readFileSync(join(directory(path), 'cpu.cfs_quota_us'), 'utf8')) / cpuPeriodUs
    const [quotaUs, periodUs] = readFileSync(join(directory(path), 'cpu.max'), 'utf8').split(' ')
    return Number(quotaUs) / Number(periodUs)
  }
  const give = (path: string, cpus: number) => {
    if (hierarchy.version === 2)
      return writeValue(join(directory(path), 'cpu.max'), `${cpus * 100_000} 100000`)
    writeValue(join(directory(path), 'cpu.cfs_period_us'), cpuPeriodUs)
    writeValue(join(directory(path), 'cpu.cfs_quota_us'), cpus * cpuPeriodUs)
  }

  beforeAll(() => {
    for (const path of ['', '/tenant', '/tenant/sandbox', '/tenant/small'])
      makeCgroup(hierarchy, `${root}${path}`)
  })
  afterAll(() => removeCgroup(hierarchy, root))

  it('are left to the host in part, also by what an earlier version gave all of them', () => {
    give(`${root}/tenant`, host)
    give(`${root}/tenant/sandbox`, host)
    give(`${root}/tenant/small`, 0.5)
    for (let time = 0; time < 2; time++) reserveProcessors(hierarchy, root)
    expect(held(root)).toBeLessThan(host)
    expect(held(`${root}/tenant/small`)).toBe(0.5)
    if (hierarchy.version === 2) return // there a parent binds its children, whatever these are given
    expect(held(`${root}/tenant`)).toBeLessThan(held(root))
    expect(held(`${root}/tenant/sandbox`)).toBe(held(`${root}/tenant`))
  })

  it('are given to one sandbox or tenant as its limit says, up to a part of the host', () => {
    reserveProcessors(hierarchy, root)
    const limits = { cpus: 4 * host, memoryMiB: 64, pids: 16 }
    applyLimits(hierarchy, `${root}/tenant`, limits, device)
    applyLimits(hierarchy, `${root}/tenant/sandbox`, { ...limits, cpus: 0.5 }, device)
    expect(held(`${root}/tenant`)).toBeLessThan(held(root))
    expect(held(`${root}/tenant/sandbox`)).toBe(0.5)
    expect(cpuQuotaUs(0.001)).toBe(1000)
  })
})
