import { createHmac } from 'node:crypto'
import { type Auth, sessionCookieName } from './auth.js'

/** Who looks on: kept with the session, for the list of where somebody is signed in. */
export interface Device {
  readonly ipAddress: string
  readonly userAgent: string
}

/**
 * A session for somebody who has proved by something else than a password who they are. It ends within a day, and with the browser.
 * @returns its cookie, as better-auth signs it
 */
export async function signIn(auth: Auth, publicUrl: string, userId: string, device: Device): Promise<string> {
  const { internalAdapter, secret } = await auth.$context
  const { token } = await internalAdapter.createSession(userId, true, {
    ...{ ipAddress: device.ipAddress, userAgent: device.userAgent.slice(0, 512) },
  })
  const signature = createHmac('sha256', secret).update(token).digest('base64')
  const secure = publicUrl.startsWith('https:') ? '; Secure' : ''
  return `${sessionCookieName(publicUrl)}=${encodeURIComponent(`${token}.${signature}`)}; Path=/; HttpOnly; SameSite=Lax${secure}`
}
