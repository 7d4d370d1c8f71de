import { join, resolve } from 'node:path'
import { printTable, showAge } from '../../cli/client/output.js'
import { type Command, Failure, UsageError } from '../../cli/command.js'
import { type NodeAddress, nodeList, type RegisteredNode } from '../../protocol/api/index.js'
import { certificatesOf } from '../certificates/authority.js'
import { callAsOperator } from '../operator-api.js'
import { readSettings, requireRoot, type Settings } from '../settings.js'

const group = 'This machine (needs root)'
const stateOf = ({ state, cordoned }: RegisteredNode) =>
  state === 'unreachable' && cordoned ? 'unreachable, cordoned' : state
const addressOf = ({ address }: RegisteredNode) =>
  'socketPath' in address ? address.socketPath : address.url

export const nodeLs: Command = {
  name: 'node ls',
  group,
  summary: 'List the nodes of the installation with their states',
  async run() {
    requireRoot('node ls')
    printTable(
      ['NAME', 'STATE', 'SANDBOXES', 'LAST SEEN', 'ADDRESS', 'PROBLEM'],
      (await nodesOf(readSettings(process.env))).map((node) => [
        ...[node.name, stateOf(node), String(node.sandboxes)],
        ...[
          node.lastSeenAt === null ? 'never' : showAge(node.lastSeenAt),
          addressOf(node),
          node.problem ?? '',
        ],
      ]),
    )
    return 0
  },
}

export const nodeAdd: Command = {
  name: 'node add',
  group,
  operands: 'NAME ADDRESS',
  summary: 'Add a node on which sandboxes are placed from then on',
  details: `ADDRESS is the unix socket of a runtime on this machine, or https://HOST:PORT of one on another
machine. For the latter the certificates of cloche node certificate --server are used.`,
  flags: {
    label: {
      type: 'string',
      value: 'NAME=VALUE',
      help: 'a label; may be given more than once',
      multiple: true,
    },
    'server-name': { type: 'string', value: 'NAME', help: 'name in its certificate, if not that of ADDRESS' },
    cordoned: { type: 'boolean', help: 'it gets nothing until it is uncordoned' },
  },
  async run({ words: [name, address, ...more], has, text, texts }) {
    if (name === undefined || address === undefined || more.length > 0) {
      throw new UsageError('specify a name and an address: cloche node add NAME ADDRESS')
    }
    requireRoot('node add')
    const settings = readSettings(process.env)
    await callAsOperator(settings, 'POST', '/admin/nodes', {
      ...{ name, address: parseAddress(settings, address, text('server-name')) },
      ...{ labels: Object.fromEntries(texts('label').map(labelOf)), cordoned: has('cordoned') },
    })
    console.log(`Added node ${name}`)
    return 0
  },
}

export const nodeCordon = cordoning('cordon', 'Place nothing new on a node; what is on it goes on', true)
export const nodeUncordon = cordoning('uncordon', 'Place new sandboxes and runs on a node again', false)

export const nodeRm: Command = {
  name: 'node rm',
  group,
  operands: 'NAME',
  summary: 'Remove a node that has no sandboxes from the installation; its machine is not touched',
  async run({ words }) {
    const { settings, node } = await named('rm', words)
    await callAsOperator(settings, 'DELETE', `/admin/nodes/${node.id}`)
    console.log(`Removed node ${node.name}`)
    return 0
  },
}

function cordoning(verb: 'cordon' | 'uncordon', summary: string, cordoned: boolean): Command {
  return {
    ...{ name: `node ${verb}`, group, operands: 'NAME', summary },
    async run({ words }) {
      const { settings, node } = await named(verb, words)
      await callAsOperator(settings, 'PATCH', `/admin/nodes/${node.id}`, { cordoned })
      console.log(`${cordoned ? 'Cordoned' : 'Uncordoned'} node ${node.name}`)
      return 0
    },
  }
}

/** The node that a command names, by its name or id. */
async function named(verb: string, [name, ...more]: readonly string[]) {
  if (name === undefined || more.length > 0) throw new UsageError(`specify a node: cloche node ${verb} NAME`)
  requireRoot(`node ${verb}`)
  const settings = readSettings(process.env)
  const nodes = await nodesOf(settings)
  const node = nodes.find((one) => one.name === name || one.id === name)
  if (node !== undefined) return { settings, node }
  throw new Failure(`there is no node ${name}; there are ${nodes.map((one) => one.name).join(', ')}`)
}

const nodesOf = async (settings: Settings) =>
  nodeList.parse(await callAsOperator(settings, 'GET', '/admin/nodes')).nodes

function parseAddress({ home }: Settings, address: string, serverName: string | undefined): NodeAddress {
  if (!address.startsWith('https://')) return { socketPath: resolve(address) }
  const file = (name: string) => join(certificatesOf(home), name)
  return {
    ...{ url: address, caFile: file('ca.pem'), certFile: file('server.pem'), keyFile: file('server.key') },
    ...(serverName === undefined ? {} : { serverName }),
  }
}

function labelOf(text: string): [string, string] {
  const [name = '', ...value] = text.split('=')
  if (name === '' || value.length === 0) throw new UsageError(`--label must be NAME=VALUE, not ${text}`)
  return [name, value.join('=')]
}
