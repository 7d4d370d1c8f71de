import { join } from 'node:path'
import { type Command, Failure, UsageError } from '../../cli/command.js'
import { openDisk } from '../../runtime/rootfs/disk.js'
import { readTemplates } from '../../runtime/rootfs/templates.js'
import { ask } from '../ask.js'
import { readSettings, requireRoot } from '../settings.js'
import { installTemplate, recipes } from './install.js'

const say = (line: string) => console.log(`cloche: ${line}`)

export const templateBuild: Command = {
  name: 'template build',
  group: 'This machine (needs root)',
  operands: 'NAME…',
  summary: 'Build templates from images/NAME and install them; Cloche may be running',
  async run({ words }) {
    if (words.length === 0) throw new UsageError('specify a template: cloche template build NAME…')
    requireRoot('template build')
    const settings = readSettings(process.env)
    await openDisk(settings.home, settings.diskGib)
    for (const name of words) {
      if (!(await installTemplate(settings, name, say))) say(`template ${name} is up to date`)
    }
    const { status, text } = await ask(
      { socketPath: join(settings.run, 'runtime.sock') },
      'POST',
      '/templates/reload',
    )
    if (status !== 0 && status >= 300) throw new Failure(`the runtime could not load it: ${text}`)
    return 0
  },
}

export const templateList: Command = {
  name: 'template recipes',
  group: 'This machine (needs root)',
  summary: 'List the templates of this machine, and those that could be built',
  async run() {
    requireRoot('template recipes')
    const settings = readSettings(process.env)
    const disk = await openDisk(settings.home, settings.diskGib)
    const found = await readTemplates(disk, (file, error) => say(`${file} is unreadable: ${error}`))
    for (const { name, description, builtAt, listed } of found.values()) {
      if (!listed) continue // some tenant's own
      console.log(`${name.padEnd(16)} ${builtAt}  ${description}`)
    }
    for (const { name, description } of recipes(settings)) {
      if (!found.has(name)) console.log(`${name.padEnd(16)} ${'not built yet'.padEnd(24)}  ${description}`)
    }
    return 0
  },
}
