import { z } from 'zod'
import { sandboxId } from './ids.js'
import { displayName } from './sandbox.js'

/** Keys of one account. */
export const sshKeysMax = 50

export const sshKeyId = z.string().regex(/^xk_[0-9a-z]{20}$/, 'is not an id of an SSH key')
export const sshKeyParams = z.object({ id: sshKeyId })

/** A public key with which somebody connects by SSH. */
export const sshKey = z.object({
  id: sshKeyId,
  name: z.string(),
  type: z.string().describe('such as ssh-ed25519'),
  fingerprint: z.string().describe('as `ssh-keygen -l` shows it: SHA256:…'),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().nullable(),
  lastUsedAt: z.iso.datetime().nullable(),
})
export type SshKey = z.infer<typeof sshKey>

/** Body of `POST /account/ssh-keys`. */
export const addSshKeys = z.strictObject({
  keys: z
    .string()
    .min(1)
    .max(65_536)
    .describe(
      'one public key a line, as in `~/.ssh/id_ed25519.pub` or an authorized_keys file without options',
    ),
  name: displayName.optional().describe('of a single key; its comment if absent'),
  expiresInDays: z.int().min(1).max(3650).optional(),
})
export type AddSshKeys = z.infer<typeof addSshKeys>

export const sshKeys = z.object({ keys: z.array(sshKey) })

/** Where SSH is answered. */
export const sshServer = z.object({
  host: z.string(),
  port: z.number(),
  hostKey: z.string().nullable().describe('for a line in known_hosts; null when this server was not told it'),
  fingerprint: z.string().nullable().describe('of the host key: SHA256:…'),
})
export type SshServer = z.infer<typeof sshServer>

/** `GET /ssh`. */
export const sshStatus = z.object({ server: sshServer.nullable().describe('null while SSH is off') })
export type SshStatus = z.infer<typeof sshStatus>

/** Body of `POST /sandboxes/{id}/ssh-access`. */
export const openSshAccess = z.strictObject({
  publicKey: z.string().min(1).max(16_384).describe('a key that was made for this, as one line'),
})

export type OpenSshAccess = z.infer<typeof openSshAccess>

export const sshAccess = sshStatus.extend({
  user: sandboxId.describe('the user name to connect with'),
  expiresAt: z.iso.datetime().describe('until when a connection may be opened; one that is open goes on'),
})
export type SshAccess = z.infer<typeof sshAccess>

/** What the gateway asks when somebody has signed with a key: `POST /ssh/sessions`. Not for the public. */
export const openSshSession = z.strictObject({
  /** What was signed (RFC 4252, section 7), and the signature, as base64. */
  signed: z.base64().max(65_536),
  signature: z.base64().max(16_384),
  /** Of the client. */
  address: z.string().max(64),
})

/** `refused`: the key is good, and yet there is no way in. */
export const sshSession = z.union([
  z.object({ token: z.string(), sandboxId, home: z.string() }),
  z.object({ refused: z.string() }),
])
export type SshSession = z.infer<typeof sshSession>

/** The protocol of the gateway's connections to ports of sandboxes: the bytes of the port, both ways. */
export const sshPortLine = 'cloche-ssh-port'
