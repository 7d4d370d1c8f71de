import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect } from 'vitest'

/**
 * What every program that this process starts inherits from it. The test files of a worker run in one process: what a
 * file changes here, the next one meets.
 */
function inherited() {
  const status = readFileSync('/proc/thread-self/status', 'utf8')
  const field = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(status)?.[1]
  return {
    ...{ directory: process.cwd(), umask: field('Umask'), user: field('Uid'), group: field('Gid') },
    ...{ seccomp: field('Seccomp'), noNewPrivileges: field('NoNewPrivs'), capabilities: field('CapEff') },
    ...{ cgroup: readFileSync('/proc/self/cgroup', 'utf8'), slack: timerSlack() },
  }
}

const timerSlack = () => readFileSync('/proc/self/timerslack_ns', 'utf8').trim()

let before: ReturnType<typeof inherited>
beforeAll(() => {
  before = inherited()
})
afterAll(() => {
  expect(inherited()).toEqual(before)
})
