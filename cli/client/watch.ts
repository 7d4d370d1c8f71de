import { clientCommand } from './client-command.js'
import { findSandbox, sandboxWords } from './find.js'
import { printable, printJson } from './output.js'

export const watch = clientCommand({
  ...{ name: 'watch', group: 'Sandboxes', operands: 'SANDBOX [PATH]' },
  summary: 'Print changes of files of a sandbox as they happen',
  details:
    'PATH is a directory, /home/user if absent. Goes on while the sandbox is paused or stopped, and ends when it is deleted. A line "rescan" means that there were more changes than could be told: read everything again.',
  flags: { flat: { type: 'boolean', help: 'only what is right in PATH' } },
  completes: sandboxWords,
  async run({ cloche, words, has, json }) {
    const { files } = await findSandbox(cloche, words[0])
    for await (const event of files.watch(words[1], { recursive: !has('flat') })) {
      if (json) printJson(event)
      else if (event.type === 'change') {
        for (const { type, path, from } of event.changes) {
          console.log([type, ...(from === undefined ? [] : [from]), path].map(printable).join(' '))
        }
      } else if (event.type === 'rescan') console.log('rescan')
      else if (event.type === 'end') return 0
      if ('complete' in event && !event.complete) warn()
    }
    return 0
  },
})

const warn = () => console.error('cloche: there are more directories than can be followed; watch one of them')
