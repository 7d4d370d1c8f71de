import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { testInstance } from '../testing/kernel.js'
import { detectHierarchy, makeCgroup, removeCgroup } from './hierarchy.js'
import { applyLimits } from './limits.js'
import { cpuWeight, setWeight } from './weight.js'

describe('the CPU weight of a cgroup', () => {
  const hierarchy = detectHierarchy()
  const path = `/${testInstance}-weight`
  const [file] = cpuWeight(hierarchy, 100)
  const held = () => Number(readFileSync(join(hierarchy.mountOf('cpu') ?? '', path, file), 'utf8'))
  const usual = hierarchy.version === 2 ? 100 : 1024
  const device = readFileSync(`/sys/block/${readdirSync('/sys/block')[0]}/dev`, 'utf8').trim()
  afterAll(() => removeCgroup(hierarchy, path))

  it('is by default what the kernel gives to everybody, however it is set', () => {
    makeCgroup(hierarchy, path)
    expect(held()).toBe(usual)
    setWeight(hierarchy, path, 400)
    expect(held()).toBe(usual * 4)
    setWeight(hierarchy, path, 100)
    expect(held()).toBe(usual)
    setWeight(hierarchy, path, 400)
    applyLimits(hierarchy, path, { cpus: 1, memoryMiB: 64, pids: 16 }, device)
    expect(held()).toBe(usual)
  })

  it('keeps the proportions, down to the least that the kernel knows', () => {
    for (const version of [1, 2] as const) {
      const of = (weight: number) => cpuWeight({ ...hierarchy, version }, weight)[1]
      expect(of(400) / of(100)).toBeCloseTo(4, 1)
      expect(of(10_000)).toBeLessThanOrEqual(version === 2 ? 10_000 : 262_144)
      expect(of(0.1)).toBe(version === 2 ? 1 : 2)
    }
  })
})
