import { describe, expect, it } from 'vitest'
import { ContainerError } from './crun.js'
import { startRefusal } from './refusal.js'

/** What gVisor writes into its log, of release 20240729. */
const gvisor = (text: string) =>
  JSON.stringify({ msg: text, level: 'error', time: '2024-11-28T05:28:18.000Z' })
const exec = 'executing processes for container: '

const answerTo = (words: string, alive = true) =>
  startRefusal(new ContainerError(words), 'the command', () => alive)

describe('what crun (1.8.1) and gVisor say when a command cannot be started', () => {
  it.each([
    'the container `b1` is not running',
    'error opening file `/run/cloche/some/crun/b1/status`: No such file or directory',
    'fail startup\ncontainer process not found, the pid was reused: No such process',
    'setns(pid=4711, CLONE_NEWUSER): No such process\nfail startup',
    'setns `mnt`: Bad file descriptor\nfail startup',
    gvisor('loading sandbox: open /run/cloche/some/runsc/b1_sandbox:b1.state: no such file or directory'),
    gvisor('loading sandbox: file does not exist'),
    gvisor(`${exec}cannot execute in container "b3" in state stopped`),
    gvisor(
      `${exec}executing command "true" in sandbox: connecting to control server at PID 4711: connection refused`,
    ),
    gvisor(
      `${exec}executing command "true" in sandbox: urpc method "containerManager.ExecuteAsync" failed: EOF`,
    ),
  ])('is sandbox_not_running when it has ended: %s', async (words) => {
    expect(await answerTo(words)).toMatchObject({
      code: 'sandbox_not_running',
      message: 'the sandbox has stopped, or is stopping',
    })
  })

  it.each([
    'fail startup',
    'fail startup\nfork: Cannot allocate memory',
    '/run/cloche/some/sealed/runtime/crun ended with 255',
  ])('is sandbox_not_running when it has ended, whatever they say: %s', async (words) => {
    expect(await answerTo(words, false)).toMatchObject({ code: 'sandbox_not_running' })
  })

  it.each([
    [
      'executable file `/run/x` not found in $PATH: No such file or directory',
      'there is no program "/run/x" in',
    ],
    ['open executable: Permission denied', 'the program is not an executable file'],
    ['chdir `/nope`: No such file or directory', 'the working directory "/nope" does not exist'],
    [
      'chdir `/etc/passwd`: Not a directory',
      'the working directory "/etc/passwd" does not exist or cannot be',
    ],
    [
      gvisor(
        `${exec}executing command "nope" in sandbox: error finding executable "nope" in PATH [/bin]: no such file or directory`,
      ),
      'there is no program "nope" in the sandbox',
    ],
    [
      gvisor(`${exec}executing command "/tmp" in sandbox: failed to load /tmp: permission denied`),
      '"/tmp" is not an executable file',
    ],
    [
      gvisor(`${exec}executing command "/tmp/a" in sandbox: failed to load /tmp/a: exec format error`),
      '"/tmp/a" is not a program',
    ],
    [
      gvisor(
        `${exec}executing command "true" in sandbox: failed to find initial working directory "/nope": no such file or directory`,
      ),
      'the working directory "/nope" does not exist',
    ],
  ])('is invalid_request when it is about the command: %s', async (words, said) => {
    const { code, message } = await answerTo(words)
    expect([code, message.startsWith(`the command cannot be started: ${said}`)]).toEqual([
      'invalid_request',
      true,
    ])
  })

  it('is conflict when nothing more can be started in a sandbox that lives', async () => {
    expect(await answerTo('fail startup\nfork: Resource temporarily unavailable')).toMatchObject({
      code: 'conflict',
    })
  })

  it('tells nothing of the host otherwise, and keeps it for the log', async () => {
    const words = 'write `/sys/fs/cgroup/cloche/b1/cgroup.procs` of 4711: Something new'
    const refusal = await answerTo(words)
    expect(refusal).toMatchObject({ code: 'internal', cause: { message: words } })
    expect(refusal.message).not.toMatch(/\/|\d/)
  })
})
