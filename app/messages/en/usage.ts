/** Quota and use of a tenant. */
export const usage = {} as const
