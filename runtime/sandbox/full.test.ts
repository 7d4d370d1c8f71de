import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RuntimeSandbox, runtimeSandbox } from '../../protocol/node/index.js'
import { type Instance, lonelyNamespace, refusalOf, startInstance, testLimits } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'

/** Fills everything in memory that outlives the process which filled it, as root, and says what refused. */
const fillMemory = `python3 - <<'END'
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
for place in ("/dev/shm", "/run", "/dev"):
    try:
        with open(f"{place}/full", "wb", buffering=0) as file:
            while file.write(bytes(65536)): pass
    except OSError as error: print(place, errno.errorcode[error.errno], flush=True)
    try:
        for n in range(200000): os.symlink("x" * 120, f"{place}/{n}")
    except OSError as error: print(place, errno.errorcode[error.errno], flush=True)
while (segment := libc.shmget(0, 1 << 20, 0o600)) >= 0:
    libc.shmat.restype = ctypes.c_void_p
    ctypes.memset(libc.shmat(segment, None, 0), 1, 1 << 20)
print("segments", errno.errorcode[ctypes.get_errno()], flush=True)
while (queue := libc.msgget(0, 0o600)) >= 0:
    while libc.msgsnd(queue, b"12345678" + bytes(8000), 8000, 0o4000) == 0: pass
print("queues", errno.errorcode[ctypes.get_errno()], flush=True)
END`

describe('a full sandbox', () => {
  let cloche: Instance
  let namespace: AsyncDisposable
  const limits = (memoryMiB: number) => ({ ...testLimits, memoryMiB })
  const root = (sandbox: RuntimeSandbox, command: string) =>
    cloche.exec(sandbox.id, command, { user: 'root' })
  const stateOf = async ({ id }: RuntimeSandbox) =>
    runtimeSandbox.parse(JSON.parse((await cloche.call('GET', `/sandboxes/${id}`)).text)).state
  const runs = async (sandbox: RuntimeSandbox) => {
    expect((await root(sandbox, 'rm -f /dev/shm/* /run/full; echo alive')).stdout).toBe('alive\n')
    expect(await stateOf(sandbox)).toBe('running')
  }

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    cloche = await startInstance(testInstance, { poolSize: 1 })
  })
  afterAll(async () => {
    await cloche[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  it.each([
    ['started for its claim', 96],
    ['from the pool', 200],
  ])('refuses more files in memory before the kernel kills: %s', async (_, memoryMiB) => {
    await cloche.poolFull()
    const quota = { cpus: 2, memoryMiB: 512, diskMiB: 512, pids: 256, sandboxes: 8 }
    const sandbox = await cloche.claim({ limits: limits(memoryMiB), quota })
    for (const place of ['/dev/shm', '/run']) {
      const filled = await root(sandbox, `head -c 1G /dev/zero > ${place}/full`)
      expect(filled.stderr).toContain('No space left on device')
      await runs(sandbox)
    }
    await cloche.call('DELETE', `/sandboxes/${sandbox.id}`)
  })

  it('goes on when everything in memory that outlives a process is full', async () => {
    const sandbox = await cloche.claim({
      limits: limits(256),
      quota: { ...limits(512), sandboxes: 8, pids: 256, cpus: 2, diskMiB: 512 },
    })
    // The kernel may kill what fills it, but not the first process.
    await root(sandbox, fillMemory)
    for (let n = 0; n < 3; n++) await root(sandbox, `python3 -c "x = bytearray(1 << 30)"`)
    await runs(sandbox)
    await cloche.call('DELETE', `/sandboxes/${sandbox.id}`)
  })

  it('keeps them in step with its limits while it runs', async () => {
    const sandbox = await cloche.claim({ limits: limits(128) })
    const change = (memoryMiB: number) =>
      cloche.call('PATCH', `/sandboxes/${sandbox.id}`, { limits: limits(memoryMiB) })
    const sizes = async () =>
      (
        await root(sandbox, 'df --output=size -B 1M /dev/shm /run | tail -n 2; cat /proc/sys/kernel/shmall')
      ).stdout
        .trim()
        .split(/\s+/)
        .map(Number)
    expect(await sizes()).toEqual([64, 8, 16_384])
    expect((await change(256)).status).toBe(200)
    expect(await sizes()).toEqual([128, 16, 32_768])
    await root(sandbox, 'head -c 20M /dev/zero > /dev/shm/kept')
    const refused = await change(32)
    expect(refused.status).toBe(422)
    expect(refusalOf(refused)).toMatchObject({ code: 'quota_exceeded' })
    expect(refusalOf(refused).message).toMatch(/its files in \/dev\/shm need more|are in use/)
    expect(await sizes()).toEqual([128, 16, 32_768])
    expect((await change(64)).status).toBe(200)
    expect(await sizes()).toEqual([32, 4, 8192])
    expect((await root(sandbox, 'head -c 64M /dev/zero > /dev/shm/more')).stderr).toContain('No space left')
    await runs(sandbox)
    await cloche.call('DELETE', `/sandboxes/${sandbox.id}`)
  })

  it('has a first process that nobody inside can trace, write to or be preferred to', async () => {
    const sandbox = await cloche.claim()
    const script = `python3 - <<'END'
import ctypes, os
libc = ctypes.CDLL(None)
print("traced", libc.ptrace(16, 1, 0, 0) == 0)
def tried(name, act):
    try: act(); print(name, True)
    except OSError: print(name, False)
tried("memory", lambda: open("/proc/1/mem", "r+b"))
tried("files", lambda: open("/proc/1/fd/1", "w"))
score = lambda pid: int(open(f"/proc/{pid}/oom_score_adj").read())
for wanted in range(-1000, 500):
    try:
        with open("/proc/self/oom_score_adj", "w") as file: file.write(str(wanted))
        break
    except OSError: pass
print("preferred", score("self") < score(1), score(1) <= 0)
END`
    expect((await root(sandbox, script)).stdout.split('\n')).toEqual([
      ...['traced False', 'memory False', 'files False', 'preferred False True', ''],
    ])
    await cloche.call('DELETE', `/sandboxes/${sandbox.id}`)
  })
})
