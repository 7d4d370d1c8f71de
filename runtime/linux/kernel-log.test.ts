import { describe, expect, it } from 'vitest'
import { parseOomKill } from './kernel-log.js'

const record = (task: string, prefix = '6,1234,98765,-;', memcg = '/cloche/tn_a/sb_b') =>
  `${prefix}oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=sb_b,mems_allowed=0,oom_memcg=/cloche/tn_a,task_memcg=${memcg},task=${task},pid=5807,uid=-2147287040\n SUBSYSTEM=x\n`

describe('a record of the kernel', () => {
  it('names the process that was ended at a memory limit, and its control group', () => {
    expect(parseOomKill(record('python3'))).toEqual({ cgroup: '/cloche/tn_a/sb_b', process: 'python3' })
  })

  it('is read as it is, whatever a process calls itself', () => {
    for (const name of ['a,pid=1,uid=0', ',task=other', '\\x1b[2J', 'a b"<', '']) {
      expect(parseOomKill(record(name)), name).toEqual({ cgroup: '/cloche/tn_a/sb_b', process: name })
    }
  })

  it('is not taken from programs, nor when it can be read in two ways', () => {
    expect(parseOomKill(record('python3', '12,1234,98765,-;'))).toBeNull()
    expect(parseOomKill(record('x', '6,1,1,-;', '/a,task_memcg=/cloche/tn_a/sb_c'))).toBeNull()
    for (const other of ['', 'x', '6,1,1,-;usb 1-1: new device', '6,1,1,-;oom-kill:constraint=x'])
      expect(parseOomKill(other)).toBeNull()
  })
})
