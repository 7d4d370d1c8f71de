import { join } from 'node:path'
import { openDisk } from '../../runtime/rootfs/disk.js'
import { readTemplates } from '../../runtime/rootfs/templates.js'
import { type Command, Failure, UsageError } from '../command.js'
import { readSettings, requireRoot } from '../settings.js'
import { ask } from '../up/ask.js'
import { installTemplate } from './install.js'

const say = (line: string) => console.log(`cloche: ${line}`)

export const templateBuild: Command = {
  name: 'template build',
  operands: 'NAME…',
  summary: 'Builds templates from images/NAME and installs them on this node, also while it runs.',
  async run({ words }) {
    if (words.length === 0) throw new UsageError('which one? cloche template build NAME…')
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
    if (status !== 0 && status >= 300) throw new Failure(`the runtime could not take it up: ${text}`)
    return 0
  },
}

export const templateList: Command = {
  name: 'template ls',
  summary: 'Lists the templates of this node.',
  async run() {
    requireRoot('template ls')
    const settings = readSettings(process.env)
    const disk = await openDisk(settings.home, settings.diskGib)
    const found = await readTemplates(disk, (file, error) => say(`${file} is unreadable: ${error}`))
    for (const { name, description, builtAt } of found.values()) {
      console.log(`${name.padEnd(16)} ${builtAt}  ${description}`)
    }
    return 0
  },
}
