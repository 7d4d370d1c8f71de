import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prepareHost } from '../cgroup/host.js'
import { openTestSandbox, type TestSandbox } from '../testing/test-sandbox.js'

/** Python that prints how each of these calls ends: `name result errno`. */
const calls = (lines: string) => `python3 - <<'END'
import ctypes, errno, os, socket
libc = ctypes.CDLL(None, use_errno=True)
def call(name, number, *args):
    ctypes.set_errno(0)
    result = libc.syscall(number, *args)
    print(name, "done" if result >= 0 else errno.errorcode[ctypes.get_errno()])
def opened(name, *args):
    try: socket.socket(*args).close(); print(name, "done")
    except OSError as error: print(name, errno.errorcode[error.errno])
${lines}
END`

describe('the system calls of a sandbox', () => {
  let sandbox: TestSandbox
  const inside = async (script: string, user?: string) =>
    (await sandbox.inside(script, user)).output.split('\n')

  beforeAll(async () => {
    sandbox = await openTestSandbox('seccomp', 9)
  })
  afterAll(() => sandbox[Symbol.asyncDispose]())

  it('answers sched_setaffinity with success, and leaves every process where it is', async () => {
    const script = calls(`
before = os.sched_getaffinity(0)
os.sched_setaffinity(0, {min(before)})
print(os.sched_getaffinity(0) == before)
call("no such process", 203, 2**22 + 1, 8, ctypes.create_string_buffer(8))`)
    expect(await inside(script)).toEqual(['True', 'no such process done'])
    expect(await inside('taskset -c 0 echo pinned', '0:0')).toEqual(['pinned'])
  })

  it('lets debuggers switch the randomisation of addresses off, and nothing else of it', async () => {
    expect(await inside('setarch -R grep -c . /proc/self/personality')).toEqual(['1'])
    const maps = "setarch -R sh -c 'grep -m 1 stack /proc/self/maps'"
    expect(await inside(maps)).toEqual(await inside(maps))
    const script = calls(`
call("read implies exec", 135, 0x0400000)
call("short inode", 135, 0x1000000)
call("no randomisation", 135, 0x0040000)`)
    expect(await inside(script)).toEqual([
      'read implies exec ENOSYS',
      'short inode ENOSYS',
      'no randomisation done',
    ])
  })

  it('opens sockets of the protocols that programs use, and of no other', async () => {
    const script = calls(`
for family in (2, 10):
    opened("tcp", family, 1); opened("udp", family, 2, 17); opened("ping", family, 2, 1 if family == 2 else 58)
    opened("mptcp", family, 1, 262); opened("udp-lite", family, 2, 136); opened("sctp", family, 1, 132)
    opened("dccp", family, 6, 33); opened("l2tp", family, 2, 115); opened("smc", family, 1, 256)
    opened("another", family, 2, 99)
call("mptcp in 64 bits", 41, 2, 1, ctypes.c_long((1 << 32) + 262)); call("another in 64 bits", 41, 2, 2, ctypes.c_long((1 << 32) + 136))
opened("netlink audit", 16, 3, 9); opened("packet", 17, 3, 0x300); opened("kernel crypto", 38, 5); opened("vsock", 40, 1); opened("key", 15, 3, 2)
opened("smc", 43, 1); opened("xdp", 44, 3); opened("tipc", 30, 1); opened("can", 29, 3); opened("rds", 21, 5)`)
    // The filter lets ping through; which groups may use it is a setting of a sandbox's network, and here is none.
    const each = ['tcp done', 'udp done', 'ping EACCES']
    const none = ['mptcp', 'udp-lite', 'sctp', 'dccp', 'l2tp', 'smc'].map((name) => `${name} EPROTONOSUPPORT`)
    const families = ['packet', 'kernel crypto', 'vsock', 'key', 'smc', 'xdp', 'tipc', 'can', 'rds']
    expect(await inside(script, '0:0')).toEqual([
      ...[...each, ...none, 'another ENOSYS', ...each, ...none, 'another ENOSYS'],
      ...['mptcp in 64 bits EPROTONOSUPPORT', 'another in 64 bits EPROTONOSUPPORT'],
      ...['netlink audit EPROTONOSUPPORT', ...families.map((name) => `${name} EAFNOSUPPORT`)],
    ])
  })

  it('has no memory that the kernel itself cannot see', async () => {
    expect(await inside(calls('call("memfd_secret", 447, 0)'))).toEqual(['memfd_secret ENOSYS'])
  })
})

describe('the host under sandboxes', () => {
  it.each(['ldisc_autoload', 'legacy_tiocsti'])(
    'has dev.tty.%s switched off when the runtime has started',
    (name) => {
      const file = `/proc/sys/dev/tty/${name}`
      if (!existsSync(file)) return
      // The kernel lets nobody switch TIOCSTI on again that was built without.
      writeFileSync(file, '1')
      prepareHost()
      expect(readFileSync(file, 'utf8')).toBe('0\n')
    },
  )
})
