import { X509Certificate } from 'node:crypto'
import { chmodSync, chownSync, readFileSync } from 'node:fs'
import { type Command, UsageError } from '../../cli/command.js'
import { certificateDays, certificatesOf, certifyNode, certifyServer } from '../certificates/authority.js'
import { readSettings, requireRoot } from '../settings.js'
import { idsOf, userExists } from '../user.js'

export const nodeCertificate: Command = {
  name: 'node certificate',
  group: 'This machine (needs root)',
  operands: '[HOST…]',
  summary: 'Make or renew the certificate of a node on another machine, or of the servers',
  details: `HOST is every name and address by which servers reach the node. The files go to
$CLOCHE_HOME/certificates. The first call also makes the authority that signs them
(ca.pem, ca.key). The same command again renews a certificate.`,
  flags: {
    server: { type: 'boolean', help: 'the certificate with which servers call nodes' },
    days: { type: 'string', value: 'DAYS', help: `how long it is valid (${certificateDays})` },
  },
  async run({ words, has, number }) {
    const [host, ...more] = words
    if (has('server') === (host !== undefined)) {
      throw new UsageError('specify the hosts of one node, or --server: cloche node certificate HOST…')
    }
    requireRoot('node certificate')
    const settings = readSettings(process.env)
    const directory = certificatesOf(settings.home)
    const days = Math.ceil(number('days') ?? certificateDays)
    const made =
      host === undefined
        ? await certifyServer(directory, days)
        : await certifyNode(directory, [host, ...more], days)
    if (host === undefined && userExists(settings.group)) {
      chownSync(made.key, 0, idsOf(settings.group).gid)
      chmodSync(made.key, 0o640)
    }
    const until = new Date(new X509Certificate(readFileSync(made.cert)).validTo).toISOString().slice(0, 10)
    console.log(`${made.cert}\n${made.key}\n${directory}/ca.pem`)
    console.error(
      host === undefined
        ? `cloche: valid until ${until}; a server reads these files when it starts`
        : `cloche: valid until ${until}; copy these files to the node and set CLOCHE_NODE_TLS_CERT, _KEY and _CA there`,
    )
    return 0
  },
}
