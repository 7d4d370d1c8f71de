import { createHmac } from 'node:crypto'

/**
 * By this the server knows the SSH gateway of its installation. It is made of the secret of the server, and says nothing of it: the
 * gateway talks to anybody before they have proved who they are, and is told no more than it needs.
 */
export const gatewaySecretOf = (secret: string): string =>
  createHmac('sha256', secret).update('ssh gateway').digest('base64url')
