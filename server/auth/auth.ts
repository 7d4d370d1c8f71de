import { betterAuth } from 'better-auth'
import { prismaAdapter } from 'better-auth/adapters/prisma'
import { username } from 'better-auth/plugins/username'
import { newId, passwordLength } from '../../protocol/api/index.js'
import type { Config } from '../config.js'
import type { Database } from '../database/client.js'
import { signInNameShape } from './sign-in-names.js'

const day = 24 * 3600
const cookiePrefix = 'cloche'
/** The header that `auth/routes.ts` puts the caller's address into; what a caller sends under this name is dropped. */
export const addressHeader = 'x-cloche-address'

/**
 * Users, passwords and sessions, by better-auth. Tenants, members and keys are Cloche's own (`tenants/`): they
 * are what everything else is checked against.
 *
 * @param signedUp called with everybody who has just signed up
 */
export function createAuth(
  config: Config,
  database: Database,
  signedUp: (user: { readonly id: string; readonly name: string }) => Promise<unknown>,
) {
  const { prisma } = database
  return betterAuth({
    appName: 'Cloche',
    baseURL: config.publicUrl,
    basePath: '/api/auth',
    secret: config.secret,
    trustedOrigins: [...config.origins],
    database: prismaAdapter(prisma, { provider: 'postgresql' }),
    telemetry: { enabled: false },
    logger: { disabled: true },
    emailAndPassword: {
      enabled: true,
      disableSignUp: config.signUp === 'closed',
      minPasswordLength: passwordLength.min,
      maxPasswordLength: passwordLength.max,
    },
    // For students without an e-mail address, whose accounts `classes/enrolling.ts` makes.
    plugins: [username({ displayUsername: false, usernameValidator: (name) => signInNameShape.test(name) })],
    user: { additionalFields: { operator: { type: 'boolean', input: false, defaultValue: false } } },
    session: {
      expiresIn: 30 * day,
      disableSessionRefresh: true,
      additionalFields: { activeTenantId: { type: 'string', required: false, input: false } },
    },
    rateLimit: {
      enabled: true,
      window: 60,
      // Of one address for each call; a class has one address. Signing in and up is slowed down by `attempts.ts`.
      max: 1000,
      customRules: { '/sign-in/email': false, '/sign-in/username': false, '/sign-up/email': false },
    },
    advanced: {
      cookiePrefix,
      useSecureCookies: isSecure(config.publicUrl),
      defaultCookieAttributes: { sameSite: 'lax', httpOnly: true },
      ipAddress: { ipAddressHeaders: [addressHeader] },
      database: { generateId: ({ model }) => newId(prefixes[model] ?? 'id') },
    },
    databaseHooks: {
      user: {
        create: {
          after: async (user) => void (await signedUp(user)),
        },
      },
      session: {
        create: {
          before: async (session) => {
            const { userId } = session
            const [user, members] = await Promise.all([
              prisma.user.findUnique({ where: { id: userId }, select: { lastTenantId: true } }),
              prisma.member.findMany({ where: { userId }, orderBy: { createdAt: 'asc' } }),
            ])
            const last = members.find(({ tenantId }) => tenantId === user?.lastTenantId)
            return { data: { ...session, activeTenantId: (last ?? members[0])?.tenantId ?? null } }
          },
        },
      },
    },
  })
}

const isSecure = (publicUrl: string) => publicUrl.startsWith('https:')

/** What better-auth calls a session's cookie. Behind HTTPS it has the prefix that browsers hold to HTTPS. */
export const sessionCookieName = (publicUrl: string) =>
  `${isSecure(publicUrl) ? '__Secure-' : ''}${cookiePrefix}.session_token`

export type Auth = ReturnType<typeof createAuth>
/** How passwords are hashed and compared. */
export type PasswordHash = Pick<Awaited<Auth['$context']>['password'], 'hash' | 'verify'>

const prefixes: Readonly<Record<string, string>> = {
  user: 'us',
  session: 'se',
  account: 'ac',
  verification: 've',
}
