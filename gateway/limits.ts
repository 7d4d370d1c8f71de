/** Who has not proved anything yet: as OpenSSH's `MaxStartups`. */
export const maxUnauthenticated = 256
/** The same from one address. A class has one, and half of its students are in at any moment. */
export const maxUnauthenticatedOfAddress = 64
export const maxConnections = 4096
/** As OpenSSH's `LoginGraceTime`, in half. */
export const loginGraceMs = 60_000
/** An agent offers every key that it has. */
export const maxOffers = 30
/** Signatures that were checked. */
export const maxSignatures = 8
/** Of one connection: commands, shells and SFTP. OpenSSH has 10. */
export const maxSessions = 32
/** Forwarded connections of one connection: a browser over `-D` opens dozens. */
export const maxForwarded = 256
/** One that says nothing for three of these is gone. */
export const keepAliveMs = 30_000
export const keepAlivesMissed = 3
