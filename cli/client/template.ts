import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { type Command, Failure, UsageError } from '../command.js'
import { clientCommand } from './client-command.js'
import { printJson } from './output.js'
import { Progress } from './progress.js'
import { streamOf } from './streams.js'

const group = 'Templates'
const onNode = { type: 'string', value: 'ID', help: 'the node that has it, where there are several' } as const

const importImage = clientCommand({
  ...{ name: 'template import', group, operands: 'FILE' },
  summary: 'Make a template of an OCI image',
  details:
    'FILE is what docker save, podman save or skopeo writes: an OCI layout or a docker archive, plain or compressed with gzip; - is stdin. An imported template of the same name is replaced, and existing sandboxes stay as they are.',
  flags: {
    name: { type: 'string', value: 'NAME', help: 'of the template: lowercase letters, digits and dashes' },
    reference: { type: 'string', value: 'REF', help: 'which image of the file, where it has several' },
    description: { type: 'string', value: 'TEXT', help: 'what people read when they choose it' },
    node: onNode,
  },
  async run({ cloche, words: [file], text, json }) {
    const name = text('name')
    if (file === undefined) throw new UsageError('specify a file: cloche template import FILE --name NAME')
    if (name === undefined) throw new UsageError('specify a name: cloche template import FILE --name NAME')
    const found = file === '-' ? undefined : await stat(file).catch(() => undefined)
    if (file !== '-' && found?.isFile() !== true) throw new Failure(`there is no file ${file} here`)
    using progress = new Progress(file, found?.size)
    const content = file === '-' ? process.stdin : createReadStream(file)
    const [reference, description, node] = [text('reference'), text('description'), text('node')]
    const template = await cloche.importTemplate(name, streamOf(progress.through(content)), {
      ...(reference === undefined ? {} : { reference }),
      ...(description === undefined ? {} : { description }),
      ...(node === undefined ? {} : { node }),
    })
    if (json) printJson(template)
    else console.log(`${template.name} ${template.image?.digest ?? ''}`)
    return 0
  },
})

const remove = clientCommand({
  ...{ name: 'template rm', group, operands: 'NAME...' },
  summary: 'Delete templates that were imported and that nothing uses',
  flags: { node: onNode },
  async run({ cloche, words, text }) {
    if (words.length === 0) throw new UsageError('specify a template: cloche template rm NAME...')
    const node = text('node')
    for (const name of words) await cloche.deleteTemplate(name, node === undefined ? {} : { node })
    return 0
  },
})

/** Commands about templates that are made of images. */
export const templateCommands: readonly Command[] = [importImage, remove]
