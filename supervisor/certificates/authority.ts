import { existsSync, mkdirSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { Failure } from '../../cli/command.js'
import { serverCertificateName } from '../../protocol/node/index.js'
import { type KeyPair, makeKeyPair } from './openssl.js'

/** The authority is made anew by hand only; what it signs is renewed every year. */
const authorityDays = 3650
export const certificateDays = 365

/** The files of an installation's certificates. */
export const certificatesOf = (home: string) => join(home, 'certificates')

/** The installation's authority, which is made the first time. It signs servers and nodes of this installation only. */
export async function openAuthority(directory: string, days = authorityDays): Promise<KeyPair> {
  mkdirSync(directory, { recursive: true, mode: 0o711 })
  const authority = { cert: join(directory, 'ca.pem'), key: join(directory, 'ca.key') }
  if (existsSync(authority.key) && existsSync(authority.cert)) return authority
  const extensions = [
    'basicConstraints = critical, CA:TRUE, pathlen:0',
    'keyUsage = critical, keyCertSign, cRLSign',
    'subjectKeyIdentifier = hash',
  ]
  await makeKeyPair(authority, { commonName: 'Cloche node authority', extensions, days })
  return authority
}

/** A certificate with which a server calls nodes, and which opens nothing else. */
export async function certifyServer(directory: string, days = certificateDays): Promise<KeyPair> {
  const target = { cert: join(directory, 'server.pem'), key: join(directory, 'server.key') }
  const extensions = [
    ...leaf,
    'extendedKeyUsage = clientAuth',
    `subjectAltName = DNS:${serverCertificateName}`,
  ]
  const contents = { commonName: serverCertificateName, extensions, days }
  await makeKeyPair(target, contents, await openAuthority(directory))
  return target
}

/**
 * A certificate with which a node answers servers under these names and addresses. It cannot call another node.
 * @throws Failure when one of them is no name of a host
 */
export async function certifyNode(
  directory: string,
  hosts: readonly [string, ...string[]],
  days = certificateDays,
): Promise<KeyPair> {
  const names = hosts.map((host) => {
    if (isIP(host) !== 0) return `IP:${host}`
    if (
      /^(?=.{1,253}$)[a-z\d]([a-z\d-]{0,62})(\.[a-z\d][a-z\d-]{0,62})*$/i.test(host) &&
      host !== serverCertificateName
    )
      return `DNS:${host}`
    throw new Failure(`${host} is no name or address of a host`)
  })
  const file = `node-${hosts[0].replaceAll(':', '_')}`
  const target = { cert: join(directory, `${file}.pem`), key: join(directory, `${file}.key`) }
  const extensions = [...leaf, 'extendedKeyUsage = serverAuth', `subjectAltName = ${names.join(',')}`]
  // A common name has 64 characters at most; the names that count are the alternative ones.
  const contents = { commonName: hosts[0].slice(0, 64), extensions, days }
  await makeKeyPair(target, contents, await openAuthority(directory))
  return target
}

const leaf = [
  'basicConstraints = critical, CA:FALSE',
  'keyUsage = critical, digitalSignature',
  'subjectKeyIdentifier = hash',
]
