import { existsSync, realpathSync } from 'node:fs'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { run } from '../linux/spawn.js'

/** Language runtimes of this machine in a template, and what starts a program that says what it found. */
export interface Runtimes {
  /** Each prints `{"processors": …, "heapMiB": …}`; the heap is null where the language bounds none. */
  readonly commands: Readonly<Record<string, string[]>>
  /** What this machine does not have. */
  readonly missing: readonly string[]
}

const nodeProgram = `console.log(JSON.stringify({
  processors: Math.max(require('os').availableParallelism(), require('os').cpus().length),
  heapMiB: require('v8').getHeapStatistics().heap_size_limit / 2 ** 20,
}))`

const javaProgram = `class Sees {
  public static void main(String[] args) {
    Runtime own = Runtime.getRuntime();
    System.out.println("{\\"processors\\":" + own.availableProcessors() + ",\\"heapMiB\\":" + own.maxMemory() / 1048576.0 + "}");
  }
}`

const goProgram = `package main
import ("fmt"; "runtime")
func main() { fmt.Printf("{\\"processors\\":%d,\\"heapMiB\\":null}\\n", runtime.GOMAXPROCS(0)) }`

/**
 * Copies Node.js, and Java and Go where this machine has them, into a template's layer.
 * @param layer a directory that no sandbox uses yet
 */
export async function installRuntimes(layer: string): Promise<Runtimes> {
  const place = join(layer, 'opt/runtimes')
  await mkdir(place, { recursive: true })
  await cp(process.execPath, join(place, 'node'))
  const commands: Record<string, string[]> = { 'Node.js': ['/opt/runtimes/node', '-e', nodeProgram] }
  const missing: string[] = []

  const compiler = find('javac')
  if (compiler !== undefined) {
    const home = dirname(dirname(compiler))
    for (const part of ['bin', 'conf', 'lib']) {
      await cp(join(home, part), join(place, 'java', part), {
        ...{ recursive: true, dereference: true },
        // Some links of a distribution lead to packages that are not there.
        filter: (source) => existsSync(source) && !source.endsWith('src.zip'),
      })
    }
    await writeFile(join(place, 'Sees.java'), javaProgram)
    await run(compiler, ['-d', place, join(place, 'Sees.java')])
    commands.Java = ['/opt/runtimes/java/bin/java', '-cp', '/opt/runtimes', 'Sees']
  } else missing.push('Java')

  const go = find('go')
  if (go !== undefined) {
    await writeFile(join(place, 'sees.go'), goProgram)
    await run(go, ['build', '-o', join(place, 'sees'), join(place, 'sees.go')], {
      env: { ...process.env, CGO_ENABLED: '0', GO111MODULE: 'off' },
    })
    commands.Go = ['/opt/runtimes/sees']
  } else missing.push('Go')
  return { commands, missing }
}

function find(program: string): string | undefined {
  const path = (process.env.PATH ?? '').split(delimiter).map((directory) => join(directory, program))
  const found = path.find((candidate) => existsSync(candidate))
  return found && realpathSync(found)
}
