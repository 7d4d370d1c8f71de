import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ssh2 from 'ssh2'
import { Failure } from '../cli/command.js'
import { fingerprintOf } from '../common/ssh-fingerprint.js'

/** By which clients know this installation. */
export interface HostKey {
  /** In the form of OpenSSH. */
  readonly private: string
  /** `ssh-ed25519 AAAA…` */
  readonly public: string
  readonly fingerprint: string
}

export const hostKeyFile = (home: string): string => join(home, 'ssh_host_ed25519_key')

/** What is made is read before it is kept. */
const triesToMake = 5

/**
 * The host key: made once, and kept for root alone.
 * @throws Failure when it cannot be used: with another one in its place every client would warn of an attack, so that is not done silently
 */
export function keptHostKey(home: string): HostKey {
  const file = hostKeyFile(home)
  if (!existsSync(file)) {
    const fresh = `${file}.new`
    writeFileSync(fresh, newKey(), { mode: 0o600 })
    // Or a crash of the host may leave an empty file under the name.
    const fd = openSync(fresh, 'r')
    fsyncSync(fd)
    closeSync(fd)
    renameSync(fresh, file)
  }
  const key = readHostKey(home)
  if (key !== undefined) return key
  throw new Failure(
    `${file} is damaged: it is no ed25519 key. Put it back from a backup. Or move it away, and a new one is made: then ` +
      'every client warns that the host has changed, until its line in known_hosts is removed',
  )
}

/** @returns undefined when there is none, or what is there is none */
export function readHostKey(home: string): HostKey | undefined {
  const file = hostKeyFile(home)
  return existsSync(file) ? parse(readFileSync(file, 'utf8')) : undefined
}

function parse(text: string): HostKey | undefined {
  const key = ssh2.utils.parseKey(text)
  if (key instanceof Error || Array.isArray(key) || !key.isPrivateKey() || key.type !== 'ssh-ed25519') {
    return undefined
  }
  const bytes = key.getPublicSSH()
  return {
    private: text,
    public: `ssh-ed25519 ${bytes.toString('base64')}`,
    fingerprint: fingerprintOf(bytes),
  }
}

function newKey(): string {
  for (let left = triesToMake; left > 0; left--) {
    const made = ssh2.utils.generateKeyPairSync('ed25519', { comment: 'cloche' })
    if (parse(made.private) !== undefined) return made.private
  }
  throw new Failure('no host key for SSH could be made')
}
