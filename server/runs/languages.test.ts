import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Run, run as runSchema } from '../../protocol/api/index.js'
import { TestClient } from '../../testing/client.js'
import type { Instance } from '../../testing/instance.js'
import { sharedInstance } from '../../testing/shared-instance.js'

const run = promisify(execFile)

/** Holds so many MiB at once, all of them written, and says so. */
const holder = (mib: number) => `
public class Main {
  public static void main(String[] args) {
    byte[][] held = new byte[${mib}][];
    for (int i = 0; i < held.length; i++) {
      held[i] = new byte[1 << 20];
      java.util.Arrays.fill(held[i], (byte) 1);
    }
    long sum = 0;
    for (byte[] one : held) sum += one[one.length - 1];
    System.out.println("held " + sum);
  }
}`

/** The same answer of a second file, in each language. The second file is found only if it is compiled as well. */
const twoFiles = {
  c: [
    [
      'main.c',
      '#include <stdio.h>\nint answer(void);\nint main(void) { printf("%d\\n", answer()); return 0; }',
    ],
    ['answer.c', 'int answer(void) { return 42; }'],
  ],
  cpp: [
    ['main.cpp', '#include <iostream>\nint answer();\nint main() { std::cout << answer() << std::endl; }'],
    ['answer.cpp', 'int answer() { return 42; }'],
  ],
  java: [
    ['Main.java', 'class Main { public static void main(String[] a) { System.out.println(Answer.of()); } }'],
    ['Answer.java', 'class Answer { static int of() { return 42; } }'],
  ],
} as const

describe('a run in a compiled language', () => {
  let instance: Instance
  let client: TestClient

  const perform = async (body: object): Promise<Run> => {
    const answer = await client.call('POST', '/api/v1/runs', { ...body, wait: true })
    return runSchema.parse(answer.body)
  }
  const holds = (mib: number) =>
    perform({
      language: 'java',
      files: [{ path: 'Main.java', content: holder(mib) }],
      limits: { memoryMiB: 256, wallMs: 60_000, cpuMs: 60_000 },
    })

  beforeAll(async () => {
    instance = await sharedInstance()
    await run('bin/cloche', ['template', 'build', 'java'], { env: instance.env })
    client = TestClient.withKey(instance.url, instance.admin.apiKey)
    // The server hears of it from the node.
    const files = twoFiles.java.map(([path, content]) => ({ path, content }))
    const accepted = () => client.call('POST', '/api/v1/runs', { language: 'java', files, wait: true })
    while ((await accepted()).status >= 300) await sleep(200)
    // Its image takes minutes where it was never built.
  }, 900_000)
  afterAll(() => instance[Symbol.asyncDispose]())

  it('in Java holds 100 MiB live within 256 MiB', async () => {
    const { status, steps } = await holds(100)
    expect(steps.at(-1)).toMatchObject({ status: 'ok', stdout: { content: 'held 100\n' } })
    expect(status).toBe('ok')
  })

  it('in Java with 400 MiB live within 256 MiB ends with the words of its limit, or Java’s own', async () => {
    const last = (await holds(400)).steps.at(-1)
    expect(last?.stdout.content).toBe('')
    if (last?.status === 'runtime_error') expect(last.stderr.content).toContain('java.lang.OutOfMemoryError')
    else expect(last?.status).toBe('memory_limit')
  })

  it.each(Object.entries(twoFiles))('in %s compiles every file of it', async (language, sources) => {
    const files = sources.map(([path, content]) => ({ path, content }))
    const { steps } = await perform({ language, files })
    expect(steps.map(({ name, status }) => [name, status])).toEqual([
      ['compile', 'ok'],
      ['run', 'ok'],
    ])
    expect(steps.at(-1)?.stdout.content).toBe('42\n')
  })
})
