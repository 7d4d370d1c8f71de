import { createHash } from 'node:crypto'

/**
 * The fingerprint of a public key, as OpenSSH shows it.
 * @param bytes in the form of RFC 4253, section 6.6
 */
export const fingerprintOf = (bytes: Uint8Array): string =>
  `SHA256:${createHash('sha256').update(bytes).digest('base64').replace(/=+$/, '')}`

/** @param line `ssh-ed25519 AAAA…` */
export const fingerprintOfLine = (line: string): string =>
  fingerprintOf(Buffer.from(line.split(' ')[1] ?? '', 'base64'))
