import { expect } from 'vitest'
import type { RuntimeSandbox } from '../../protocol/node/index.js'
import type { Arena, Case } from './arena.js'

const python = (script: string) => ['python3', '-c', script]

/** Prints what it finds of the other one, which must be nothing, and `looked`. */
const look = (arena: Arena, sandbox: RuntimeSandbox, script: string) =>
  arena.cloche.exec(sandbox.id, python(`${script}\nprint("looked")`), { user: 'root', timeoutMs: 10_000 })

/**
 * Something that one attacker leaves in a kernel's table, and another one of the same tenant looks for; the one who
 * left it finds it.
 */
const left = (name: string, leave: string, find: string): Case => ({
  name,
  brief: true,
  async run(arena) {
    const sandbox = await arena.attacker()
    const other = await arena.attacker()
    const leaving = await arena.cloche.exec(sandbox.id, python(leave), { user: 'root', timeoutMs: 10_000 })
    expect(leaving.stderr).toBe('')
    expect((await look(arena, sandbox, find)).stdout).toBe('found\nlooked\n')
    expect((await look(arena, other, find)).stdout).toBe('looked\n')
    return 'not to be found'
  },
})

/** Leaves a process behind that holds what `script` makes. */
const held = (script: string) => `import os, time
ready, done = os.pipe()
if os.fork() == 0:
    os.setsid()
    devnull = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1, 2): os.dup2(devnull, fd)
    ${script.split('\n').join('\n    ')}
    os.write(done, b"x")
    time.sleep(60)
os.read(ready, 1)`

export const across: readonly Case[] = [
  left(
    'an abstract socket of another sandbox',
    held('import socket\nserver = socket.socket(1, 1); server.bind("\\0meeting"); server.listen()'),
    `import socket
try: socket.socket(1, 1).connect("\\0meeting"); print("found")
except OSError: pass`,
  ),
  left(
    'a port of another sandbox’s loopback',
    held('import socket\nserver = socket.create_server(("127.0.0.1", 4711))'),
    `import socket
try: socket.create_connection(("127.0.0.1", 4711), 1); print("found")
except OSError: pass`,
  ),
  left(
    'a System V segment, queue and semaphore of another sandbox',
    `import ctypes; libc = ctypes.CDLL(None)
assert min(libc.shmget(0x4711, 4096, 0o1666), libc.msgget(0x4711, 0o1666), libc.semget(0x4711, 1, 0o1666)) >= 0`,
    `import ctypes; libc = ctypes.CDLL(None)
if max(libc.shmget(0x4711, 1, 0), libc.msgget(0x4711, 0), libc.semget(0x4711, 1, 0)) >= 0: print("found")`,
  ),
  left(
    'a POSIX queue and shared memory of another sandbox',
    `import os
open("/dev/shm/meeting", "w"); import ctypes; librt = ctypes.CDLL("librt.so.1", use_errno=True)
assert librt.mq_open(b"/meeting", 0o102, 0o666, None) >= 0`,
    `import os
if os.path.exists("/dev/shm/meeting") or os.path.exists("/dev/mqueue/meeting"): print("found")`,
  ),
  left(
    'a process of another sandbox',
    held('import ctypes\nctypes.CDLL(None).prctl(15, b"meeting", 0, 0, 0)'),
    `import os
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        if open(f"/proc/{pid}/comm").read() == "meeting\\n": print("found")
    except OSError: pass`,
  ),
  left(
    'a lock on a file of the image that all share',
    held('import fcntl\nfile = open("/etc/passwd", "r+"); fcntl.flock(file, fcntl.LOCK_EX)'),
    `import fcntl
try: fcntl.flock(open("/etc/passwd", "r+"), fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError: print("found")`,
  ),
  {
    name: 'signals and traces to every number of a process',
    brief: true,
    async run(arena) {
      const sandbox = await arena.attacker()
      const { runtime } = arena.cloche.pids
      const first = arena.cloche.recordOf(arena.witness.id).init?.pid ?? 0
      const script = `import ctypes, os
libc = ctypes.CDLL(None)
for pid in (${runtime}, ${first}, *range(2, 40000, 7)):
    if pid != os.getpid() and not os.path.exists(f"/proc/{pid}"):
        try: os.kill(pid, 0); print("signalled", pid)
        except OSError: pass
        if libc.ptrace(16, pid, 0, 0) == 0: print("traced", pid)
        try: print("opened", os.pidfd_open(pid))
        except OSError: pass`
      expect((await look(arena, sandbox, script)).stdout).toBe('looked\n')
      // Everybody whom it can name is its own.
      const all = await arena.cloche.exec(sandbox.id, python('import os; os.kill(-1, 9)'), { user: 'root' })
      expect(all.exit).not.toBeNull()
      expect((await arena.cloche.exec(sandbox.id, ['echo', 'alive'])).stdout).toBe('alive\n')
      return 'sees its own only'
    },
  },
]
