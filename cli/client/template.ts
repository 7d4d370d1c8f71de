import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Cloche } from '../../sdk/index.js'
import { type Command, Failure, UsageError } from '../command.js'
import { archiveForm, saveArchive } from './archive.js'
import { clientCommand } from './client-command.js'
import { printJson, printTable, showAge, showBytes } from './output.js'
import { Progress } from './progress.js'
import { snapshotIdOf } from './snapshot.js'
import { streamOf } from './streams.js'

const group = 'Templates'
const onNode = {
  type: 'string',
  value: 'ID',
  help: 'with --everyone: the node that has it, where there are several',
} as const
const everyone = { type: 'boolean', help: 'of every tenant, for operators' } as const

/** Names of the tenant's own, for completion. */
async function ownNames(cloche: Cloche): Promise<readonly string[]> {
  return (await cloche.templates()).flatMap(({ name, own }) => (own === null ? [] : [name]))
}

const list = clientCommand({
  ...{ name: 'template ls', group },
  summary: 'List what sandboxes can be made from',
  details:
    "Those that have a size are the tenant's own. Operators see what is built on this machine with template recipes.",
  async run({ cloche, json }) {
    const all = await cloche.templates()
    const rows = all.map(({ name, own, description }) => [
      ...[name, own === null ? 'everyone' : own.source, own === null ? '' : showBytes(own.sizeBytes)],
      ...[own === null ? '' : showAge(own.createdAt), description],
    ])
    if (json) printJson(all)
    else printTable(['NAME', 'FROM', 'SIZE', 'AGE', 'DESCRIPTION'], rows)
    return 0
  },
})

const importImage = clientCommand({
  ...{ name: 'template import', group, operands: 'FILE' },
  summary: 'Make a template of an OCI image',
  details:
    'FILE is what docker save, podman save or skopeo writes: an OCI layout or a docker archive, plain or compressed with gzip; - is stdin. An imported template of the same name is replaced, and existing sandboxes stay as they are.',
  flags: {
    name: { type: 'string', value: 'NAME', help: 'of the template: lowercase letters, digits and dashes' },
    reference: { type: 'string', value: 'REF', help: 'which image of the file, where it has several' },
    description: { type: 'string', value: 'TEXT', help: 'what people read when they choose it' },
    everyone,
    node: onNode,
  },
  async run({ cloche, words: [file], text, has, json }) {
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
      everyone: has('everyone'),
    })
    if (json) printJson(template)
    else console.log(`${template.name} ${template.image?.digest ?? ''}`)
    return 0
  },
})

const create = clientCommand({
  ...{ name: 'template create', group, operands: 'NAME [IMAGE]' },
  summary: 'Make a template of an image that was pushed to the registry of this Cloche, or of a snapshot',
  details: 'IMAGE is such as app:1.0: what docker push or podman push has sent to HOST/app:1.0.',
  flags: {
    snapshot: { type: 'string', value: 'SNAPSHOT', help: 'name or id of a snapshot, instead of an image' },
    description: { type: 'string', value: 'TEXT', help: 'what people read when they choose it' },
  },
  async run({ cloche, words: [name, image], text, json }) {
    const [snapshot, description] = [text('snapshot'), text('description')]
    if (name === undefined || (image === undefined) === (snapshot === undefined)) {
      throw new UsageError('specify a name, and an image or --snapshot: cloche template create NAME IMAGE')
    }
    const from =
      snapshot === undefined ? { image: image ?? '' } : { snapshot: await snapshotIdOf(cloche, snapshot) }
    const template = await cloche.createTemplate(name, {
      ...from,
      ...(description === undefined ? {} : { description }),
    })
    if (json) printJson(template)
    else console.log(`${template.name} ${template.image?.digest ?? ''}`)
    return 0
  },
})

const exportImage = clientCommand({
  ...{ name: 'template export', group, operands: 'NAME [FILE]' },
  summary: 'Write a template as an OCI image to a file, or to stdout',
  details: archiveForm,
  completes: async (cloche) => (await cloche.templates()).map(({ name }) => name),
  async run({ cloche, words: [name, file] }) {
    if (name === undefined) throw new UsageError('specify a template: cloche template export NAME [FILE]')
    await saveArchive(() => cloche.exportTemplate(name), file)
    return 0
  },
})

const remove = clientCommand({
  ...{ name: 'template rm', group, operands: 'NAME...' },
  summary: "Delete the tenant's own templates that nothing uses",
  flags: { everyone, node: onNode },
  completes: ownNames,
  async run({ cloche, words, text, has }) {
    if (words.length === 0) throw new UsageError('specify a template: cloche template rm NAME...')
    const node = text('node')
    for (const name of words) {
      await cloche.deleteTemplate(name, {
        ...(node === undefined ? {} : { node }),
        everyone: has('everyone'),
      })
    }
    return 0
  },
})

/** Commands about templates that are made of images. */
export const templateCommands: readonly Command[] = [list, create, importImage, exportImage, remove]
