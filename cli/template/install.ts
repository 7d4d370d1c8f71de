import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { limits, templateName } from '../../protocol/index.js'
import { run } from '../../runtime/linux/spawn.js'
import { Failure } from '../command.js'
import type { Settings } from '../settings.js'

/** What stands beside a recipe: `images/<name>/template.json`. */
const recipe = z.strictObject({ description: z.string(), defaults: limits })

/** The recipe's hash: its image is good for as long as this stays the same. */
async function recipeHash(settings: Settings, name: string): Promise<string> {
  return (await run(join(settings.app, 'images/tar'), [name, '--hash'])).trim()
}

/**
 * Makes `images/<name>` a template of this node's open disk: its image is built unless it is in the cache,
 * unpacked as a layer, and the template names that layer from then on. Nothing happens when it does already.
 *
 * @returns whether anything changed
 * @throws Failure when there is no such recipe or its image cannot be built
 */
export async function installTemplate(
  settings: Settings,
  name: string,
  say: (line: string) => void,
): Promise<boolean> {
  const source = join(settings.app, 'images', name, 'template.json')
  if (!templateName.safeParse(name).success || !existsSync(source)) {
    throw new Failure(`there is no template recipe images/${name}`)
  }
  const { description, defaults } = recipe.parse(JSON.parse(readFileSync(source, 'utf8')))
  const disk = join(settings.home, 'disk')
  const layer = `${name}-${await recipeHash(settings, name)}`
  const directory = join(disk, 'layers', layer)
  const built = !existsSync(directory)
  if (built) await unpack(await buildImage(settings, name, say), directory, say)
  const wanted = { name, description, layers: [layer], defaults, isolation: ['standard'] }
  const file = join(disk, 'templates', `${name}.json`)
  const kept = readTemplate(file)
  if (
    !built &&
    kept !== undefined &&
    JSON.stringify({ ...kept, builtAt: undefined }) === JSON.stringify(wanted)
  ) {
    return false
  }
  writeFileSync(`${file}.new`, JSON.stringify({ ...wanted, builtAt: new Date().toISOString() }))
  renameSync(`${file}.new`, file)
  say(`template ${name} is ready`)
  return true
}

function readTemplate(file: string): object | undefined {
  if (!existsSync(file)) return undefined
  return z.looseObject({}).parse(JSON.parse(readFileSync(file, 'utf8')))
}

/** Runs the builder, and passes its progress on line by line. @returns the path of the image */
async function buildImage(settings: Settings, name: string, say: (line: string) => void): Promise<string> {
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

async function unpack(image: string, directory: string, say: (line: string) => void): Promise<void> {
  say(`unpacking ${image}`)
  const half = `${directory}.new`
  rmSync(half, { recursive: true, force: true })
  mkdirSync(half, { recursive: true, mode: 0o755 })
  // Device nodes are made anew in each sandbox.
  await run('tar', ['-xf', image, '-C', half, '--numeric-owner', '--exclude=./dev/*'])
  renameSync(half, directory)
}
