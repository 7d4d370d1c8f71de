import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { newId, newRunId, type Recipe, template } from '../../protocol/api/index.js'
import { commandsOf, type RuntimeRunResult, runtimeRunEvent } from '../../protocol/node/index.js'
import { type Instance, lonelyNamespace, startInstance, testQuota } from '../../runtime/testing/instance.js'
import { testInstance } from '../../runtime/testing/kernel.js'
import { readSettings } from '../settings.js'
import { installTemplate } from './install.js'

/** Reads two numbers, prints their sum; and a text that no compiler or interpreter takes. */
const programs: Record<string, { file: string; sum: string; wrong: string }> = {
  python: { file: 'main.py', sum: 'print(sum(map(int, input().split())))', wrong: 'print(' },
  javascript: {
    file: 'main.js',
    sum: 'const [a, b] = require("fs").readFileSync(0, "utf8").split(" ").map(Number); console.log(a + b)',
    wrong: 'const = 1',
  },
  typescript: {
    file: 'main.ts',
    sum: 'import { readFileSync } from "node:fs"\nconst [a, b]: number[] = readFileSync(0, "utf8").split(" ").map(Number)\nconsole.log(a! + b!)',
    wrong: 'const x: = 1',
  },
  c: {
    file: 'main.c',
    sum: '#include <stdio.h>\nint main(void) { int a, b; scanf("%d %d", &a, &b); printf("%d\\n", a + b); }',
    wrong: 'int main( {',
  },
  cpp: {
    file: 'main.cpp',
    sum: '#include <iostream>\nint main() { int a, b; std::cin >> a >> b; std::cout << a + b << std::endl; }',
    wrong: 'int main( {',
  },
  perl: { file: 'main.pl', sum: 'my ($a, $b) = split " ", <STDIN>; print $a + $b, "\\n";', wrong: 'my (' },
  bash: { file: 'main.sh', sum: 'read a b; echo $((a + b))', wrong: 'if' },
  sql: { file: 'main.sql', sum: 'select 40 + 2;', wrong: 'selec 1;' },
}

describe('the languages of the template code', () => {
  let namespace: AsyncDisposable
  let instance: Instance
  let recipes: Recipe[]

  const perform = (recipe: Recipe, path: string, content: string, stdin: string) => {
    const { compile, run } = commandsOf(recipe, path)
    const limits = { wallMs: 20_000, cpuMs: 20_000, memoryMiB: 256, pids: 64, outputBytes: 65_536 }
    const step = { stdin: '', env: {}, limits, compile: false }
    const steps = [
      ...(compile === null ? [] : [{ ...step, name: 'compile', command: compile, compile: true }]),
      { ...step, name: 'run', command: run, stdin: Buffer.from(stdin).toString('base64') },
    ]
    const body = {
      ...{ id: newRunId(), tenantId: newId('tn'), quota: testQuota, template: 'code', cpus: 1, diskMiB: 64 },
      ...{ network: 'none', env: {}, files: [{ path, content }], steps, cases: null, artifacts: [] },
      stopOnFailure: false,
    }
    return new Promise<RuntimeRunResult>((resolve, reject) => {
      const socketPath = `/run/cloche/${testInstance}/runtime.sock`
      const outgoing = request({ socketPath, method: 'POST', path: '/runs' }, async (answer) => {
        let text = ''
        for await (const chunk of answer.setEncoding('utf8')) text += chunk
        const last = runtimeRunEvent.safeParse(JSON.parse(text.trim().split('\n').at(-1) ?? ''))
        if (last.data?.type === 'end') resolve(last.data.result)
        else reject(new Error(text))
      })
      outgoing.once('error', reject).end(JSON.stringify(body))
    })
  }

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    instance = await startInstance(testInstance)
    const settings = readSettings({
      ...process.env,
      ...{ CLOCHE_INSTANCE: testInstance, CLOCHE_HOME: instance.home },
    })
    expect(await installTemplate(settings, 'code', () => {})).toBe(true)
    expect(await installTemplate(settings, 'code', () => {})).toBe(false)
    await instance.call('POST', '/templates/reload')
    const { text } = await instance.call('GET', '/templates')
    const { templates } = z.object({ templates: z.array(template) }).parse(JSON.parse(text))
    recipes = templates.find((one) => one.name === 'code')?.languages ?? []
  }, 600_000)
  afterAll(async () => {
    await instance[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  it('are listed with their exact versions', () => {
    expect(recipes.map((one) => one.name).sort()).toEqual(Object.keys(programs).sort())
    for (const { version } of recipes) expect(version).toMatch(/^\d+\.\d+/)
  })

  it.each(Object.keys(programs))('run: %s', async (name) => {
    const recipe = recipes.find((one) => one.name === name)
    const program = programs[name]
    if (recipe === undefined || program === undefined) throw new Error(`there is no ${name}`)
    const good = await perform(recipe, program.file, program.sum, name === 'sql' ? '' : '40 2\n')
    expect(good).toMatchObject({ status: 'ok' })
    expect(good.steps.at(-1)?.stdout.content).toBe('42\n')
    const bad = await perform(recipe, join('sub', program.file), program.wrong, '')
    expect(bad.status).toBe(recipe.compile === null ? 'runtime_error' : 'compile_error')
    expect(bad.steps.at(-1)?.stderr.content).not.toBe('')
  })
})
