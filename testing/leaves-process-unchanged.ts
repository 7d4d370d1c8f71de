import { readFileSync } from 'node:fs'
import koffi from 'koffi'
import { afterAll, expect } from 'vitest'

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
    ...{ cgroup: readFileSync('/proc/self/cgroup', 'utf8'), slack: timerSlack(), subreaper: isSubreaper() },
  }
}

const prctl = koffi.load('libc.so.6').func('prctl', 'int', ['int', 'void *', 'ulong', 'ulong', 'ulong'])

/** Whether orphans among its descendants become its children, for which nobody may wait. */
function isSubreaper(): boolean {
  const answer = new Int32Array(1)
  prctl(37, answer, 0, 0, 0)
  return answer[0] === 1
}

const timerSlack = () => readFileSync('/proc/self/timerslack_ns', 'utf8').trim()

const before = inherited()
afterAll(() => {
  expect(inherited()).toEqual(before)
})
