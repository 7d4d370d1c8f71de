import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { run } from '../../runtime/linux/spawn.js'

/** Where a key and its certificate are, PEM. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

/** What a certificate says. */
export interface Contents {
  readonly commonName: string
  /** Lines of openssl's configuration, see x509v3_config(5). */
  readonly extensions: readonly string[]
  readonly days: number
}

/**
 * Makes a key (P-256, mode 0600) and its certificate, signed by `issuer`, or by itself without one. Node.js reads
 * certificates and does not make them; openssl(1) is on every Debian.
 *
 * @throws CommandError with the words of openssl
 */
export async function makeKeyPair(target: KeyPair, contents: Contents, issuer?: KeyPair): Promise<void> {
  const { commonName, extensions, days } = contents
  const scratch = mkdtempSync(join(dirname(target.key), '.new-'))
  const at = (name: string) => join(scratch, name)
  try {
    const { privateKey } = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    })
    writeFileSync(at('key'), privateKey, { mode: 0o600 })
    const lines = ['[req]', 'prompt = no', 'distinguished_name = name', '[name]', `CN = ${commonName}`]
    writeFileSync(at('conf'), [...lines, '[made]', ...extensions, ''].join('\n'))
    await run('openssl', ['req', '-new', '-config', at('conf'), '-key', at('key'), '-out', at('csr')])
    const signer = issuer === undefined ? ['-signkey', at('key')] : ['-CA', issuer.cert, '-CAkey', issuer.key]
    // The first bit is 0: a serial number is positive.
    const serial = `0x1${randomBytes(15).toString('hex')}`
    await run('openssl', [
      ...['x509', '-req', '-in', at('csr'), '-out', at('cert'), '-sha256', '-set_serial', serial],
      ...['-days', String(days), '-extfile', at('conf'), '-extensions', 'made', ...signer],
    ])
    writeFileSync(at('cert'), readFileSync(at('cert')), { mode: 0o644 })
    renameSync(at('key'), target.key)
    renameSync(at('cert'), target.cert)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}
