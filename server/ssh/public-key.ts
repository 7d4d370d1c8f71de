import { createPublicKey } from 'node:crypto'
import ssh2 from 'ssh2'
import { fingerprintOf } from '../../common/ssh-fingerprint.js'

/** A public key as it is stored. */
export interface PublicKey {
  readonly type: string
  /** Type and bytes, without a comment. */
  readonly text: string
  readonly fingerprint: string
  readonly comment: string
}

/** Keys of a security device cannot be checked by the library that the gateway is built on. */
const types = new Set([
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'ssh-rsa',
])
const leastRsaBits = 2048

/** @returns the key of one line, or what is wrong with it */
export function readPublicKey(line: string): PublicKey | string {
  const [, type = '', base64 = '', comment = ''] = /^(\S+)\s+([\w+/]+=*)(?:\s+(.*))?$/.exec(line.trim()) ?? []
  if (/PRIVATE KEY/.test(line)) return 'this is a private key: keep it, and paste the file that ends in .pub'
  if (type.startsWith('sk-')) {
    return 'keys of a security device are not supported; `ssh-keygen -t ed25519` makes one that is'
  }
  if (!types.has(type)) {
    return 'this is no public key: it begins with ssh-ed25519, ecdsa-sha2-nistp… or ssh-rsa'
  }
  const text = `${type} ${base64}`
  const parsed = parse(text)
  if (parsed === undefined || parsed.type !== type)
    return 'this key is damaged: copy the whole line of the .pub file'
  if (type === 'ssh-rsa' && rsaBitsOf(parsed) < leastRsaBits) {
    return `RSA keys need at least ${leastRsaBits} bits; \`ssh-keygen -t ed25519\` makes a better one`
  }
  return { type, text, fingerprint: fingerprintOf(parsed.getPublicSSH()), comment: comment.trim() }
}

/** @param text as it is stored */
function parse(text: string): ssh2.ParsedKey | undefined {
  const parsed = ssh2.utils.parseKey(text)
  return parsed instanceof Error || Array.isArray(parsed) || parsed.isPrivateKey() ? undefined : parsed
}

function rsaBitsOf(key: ssh2.ParsedKey): number {
  try {
    return createPublicKey(key.getPublicPEM()).asymmetricKeyDetails?.modulusLength ?? 0
  } catch {
    return 0 // no number that OpenSSL takes for a modulus
  }
}

/** What a client signs to prove that it has a key. */
export interface SignedRequest {
  readonly user: string
  readonly algorithm: string
  readonly key: Buffer
}

const userAuthRequest = 50

/**
 * Reads what a client has signed: the identifier of the connection, and the request.
 * @returns undefined for anything else
 * @see https://www.rfc-editor.org/rfc/rfc4252 section 7
 */
export function readSigned(bytes: Buffer): SignedRequest | undefined {
  let at = 0
  const take = (length: number): Buffer => {
    if (length > bytes.length - at) throw new RangeError('it ends early')
    at += length
    return bytes.subarray(at - length, at)
  }
  const text = () => take(take(4).readUInt32BE())
  try {
    if (text().length < 20) return undefined
    if (take(1)[0] !== userAuthRequest) return undefined
    const user = text().toString()
    if (text().toString() !== 'ssh-connection' || text().toString() !== 'publickey') return undefined
    if (take(1)[0] !== 1) return undefined
    const [algorithm, key] = [text().toString(), text()]
    return at === bytes.length ? { user, algorithm, key } : undefined
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** SHA-1, with which `ssh-rsa` signs, is broken. */
const rsaHashes: Readonly<Record<string, string>> = { 'rsa-sha2-256': 'sha256', 'rsa-sha2-512': 'sha512' }

/** Whether a signature is of this key. @param text of the key, as it is stored @param signature as the gateway has unpacked it */
export function isSignedBy(
  text: string,
  { algorithm }: SignedRequest,
  signed: Buffer,
  signature: Buffer,
): boolean {
  const key = parse(text)
  if (key === undefined) return false
  const hash = rsaHashes[algorithm]
  if (key.type === 'ssh-rsa' ? hash === undefined : algorithm !== key.type) return false
  const verified = hash === undefined ? key.verify(signed, signature) : key.verify(signed, signature, hash)
  return verified === true
}
