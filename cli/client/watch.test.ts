import { afterAll, beforeAll, expect, it } from 'vitest'
import { type CommandLine, openCommandLine } from '../../testing/command-line.js'

let line: CommandLine
beforeAll(async () => {
  line = await openCommandLine()
})
afterAll(() => line[Symbol.asyncDispose]())

it('cloche watch prints a line for each change, over a stop, until the sandbox is deleted', async () => {
  const watching = line.call(['watch', 'box'])
  const watchingJson = line.call(['watch', '--json', 'box', '.'])
  // It is not told from outside that both have begun.
  let told = false
  void Promise.all([watching, watchingJson]).then(() => {
    told = true
  })
  for (let n = 0; n < 20 && !told; n++)
    await line.ok('exec', 'box', '--', 'sh', '-c', `echo ${n} > f; mv f g; sleep 0.2`)
  await line.ok('sandbox', 'stop', '--grace', '0s', 'box')
  await line.ok('cp', 'package.json', 'box:while-stopped')
  await line.ok('sandbox', 'rm', 'box')
  const [{ code, out }, json] = await Promise.all([watching, watchingJson])
  expect(code).toBe(0)
  expect(out).toContain('moved /home/user/f /home/user/g\n')
  const events = json.out
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text))
  expect(out).toContain('/home/user/while-stopped\n')
  expect(events[0]).toEqual({ type: 'ready', complete: true })
  expect(events.at(-1)).toEqual({ type: 'end', reason: 'deleted' })
})
