import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { Failure } from '../../cli/command.js'
import { idlePolicy, limits, type Recipe, recipe, templateName } from '../../protocol/api/index.js'
import { holdLayers } from '../../runtime/image/lock.js'
import { signal } from '../../runtime/linux/process.js'
import { run } from '../../runtime/linux/spawn.js'
import { firstLine } from '../doctor/finding.js'
import type { Settings } from '../settings.js'

type Say = (line: string) => void

/** What stands beside a recipe: `images/<name>/template.json`. */
const templateRecipe = z.object({
  description: z.string(),
  defaults: limits,
  /** When its sandboxes are put to sleep, unless somebody says otherwise. */
  idle: idlePolicy.optional(),
  /** Its sandboxes are small machines: their first process is the image's systemd. */
  system: z.boolean().optional(),
  /** The recipe whose image lies below this one, which holds only what it adds. */
  over: templateName.optional(),
})
type TemplateRecipe = z.infer<typeof templateRecipe>

/** @throws Failure when there is no such recipe */
function readRecipe(settings: Settings, name: string): TemplateRecipe {
  const source = join(settings.app, 'images', name, 'template.json')
  if (!templateName.safeParse(name).success || !existsSync(source)) {
    throw new Failure(`there is no template recipe images/${name}`)
  }
  return templateRecipe.parse(JSON.parse(readFileSync(source, 'utf8')))
}

/** Whether this installation has a recipe of that name. */
export const hasRecipe = (settings: Settings, name: string) =>
  existsSync(join(settings.app, 'images', name, 'template.json'))

/** The recipes of this installation. */
export function recipes(settings: Settings): { name: string; description: string }[] {
  return readdirSync(join(settings.app, 'images'))
    .filter((name) => hasRecipe(settings, name))
    .sort()
    .map((name) => ({ name, description: readRecipe(settings, name).description }))
}

/** The layer's name has the recipe's hash: its image is good for as long as this stays the same. */
async function layerName(settings: Settings, name: string): Promise<string> {
  return `${name}-${(await run(join(settings.app, 'images/tar'), [name, '--hash'])).trim()}`
}

/**
 * The layers of a recipe on this node's disk, the lowest first. Those that are not there yet are built, unless
 * their image is in the cache, and unpacked.
 */
async function installLayers(settings: Settings, name: string, say: Say): Promise<string[]> {
  const { over } = readRecipe(settings, name)
  const below = over === undefined ? [] : await installLayers(settings, over, say)
  const layer = await layerName(settings, name)
  const directory = join(settings.home, 'disk', 'layers', layer)
  if (!existsSync(directory)) await unpack(await buildImage(settings, name, say), directory, say)
  return [...below, layer]
}

/**
 * Makes `images/<name>` a template of this node's open disk. Nothing happens when it is one already.
 *
 * @returns whether anything changed
 * @throws Failure when there is no such recipe or its image cannot be built
 */
export async function installTemplate(settings: Settings, name: string, say: Say): Promise<boolean> {
  const { description, defaults, idle, system } = readRecipe(settings, name)
  // What is unpacked here is in no template yet.
  using _ = await holdLayers(settings.home)
  const layers = await installLayers(settings, name, say)
  const languages = languagesOf(say, join(settings.home, 'disk', 'layers', layers.at(-1) ?? ''))
  const wanted = {
    ...{ name, description, layers, defaults, languages },
    // gVisor has no cgroups that systemd could use.
    isolation: system ? ['standard'] : ['standard', 'hardened'],
    ...(idle === undefined ? {} : { idle }),
    ...(system === undefined ? {} : { system }),
  }
  const file = join(settings.home, 'disk', 'templates', `${name}.json`)
  const kept = readTemplate(file)
  if (kept !== undefined && JSON.stringify({ ...kept, builtAt: undefined }) === JSON.stringify(wanted))
    return false
  writeFileSync(`${file}.new`, JSON.stringify({ ...wanted, builtAt: new Date().toISOString() }))
  renameSync(`${file}.new`, file)
  say(`template ${name} is ready`)
  return true
}

/** What an image says that it can run. One that cannot be read leaves the template without names of languages. */
function languagesOf(say: Say, layer: string): Recipe[] {
  const file = join(layer, 'usr/share/cloche/languages.json')
  if (!existsSync(file)) return []
  try {
    return z.array(recipe).parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    say(`the image's list of languages cannot be read: ${firstLine(error)}`)
    return []
  }
}

/** What was installed before; one that cannot be read is written anew. */
function readTemplate(file: string): object | undefined {
  try {
    return z.looseObject({}).parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return undefined
  }
}

/** Runs the builder, and passes its progress on line by line. @returns the path of the image */
async function buildImage(settings: Settings, name: string, say: Say): Promise<string> {
  const builder = spawn(join(settings.app, 'images/tar'), [name], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<number | null>((resolve, reject) => {
    builder.once('error', reject).once('close', resolve)
  })
  const said: string[] = []
  const progress = createInterface(builder.stderr).on('line', (line) => {
    said.push(line)
    say(line)
  })
  let path = ''
  for await (const chunk of builder.stdout.setEncoding('utf8')) path += chunk
  const status = await ended
  progress.close()
  if (status !== 0) throw new Failure(`the image ${name} cannot be built: ${said.slice(-5).join('\n  ')}`)
  return path.trim()
}

async function unpack(image: string, directory: string, say: Say): Promise<void> {
  say(`unpacking ${image}`)
  const half = `${directory}.new`
  await endWriters(half)
  rmSync(half, { recursive: true, force: true })
  mkdirSync(half, { recursive: true, mode: 0o755 })
  // Device nodes of /dev are made anew in each sandbox. Elsewhere one stands for a file that the layer deletes, and
  // attributes of overlayfs for a directory that it replaces.
  const attributes = ['--xattrs', '--xattrs-include=*']
  await run('tar', ['-xf', image, '-C', half, '--numeric-owner', ...attributes, '--exclude=./dev/*'])
  // On the disk now, or the end of the first sandbox on it would wait for all of this to be written.
  await run('sync', ['--file-system', half])
  renameSync(half, directory)
}

const dyingMs = 30_000

/**
 * Ends the programs that a killed command has left at work on a directory, which they were given as an argument.
 * @throws Failure when they do not end
 */
export async function endWriters(directory: string): Promise<void> {
  const giveUpAt = performance.now() + dyingMs
  for (let left = writersOf(directory); left.length > 0; left = writersOf(directory)) {
    if (performance.now() > giveUpAt)
      throw new Failure(`process ${left.join(', ')} still writes to ${directory}`)
    for (const pid of left) signal(pid, 'SIGKILL')
    await sleep(20)
  }
}

function writersOf(directory: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(directory)
      } catch {
        return false // it ended meanwhile
      }
    })
    .map(Number)
}
