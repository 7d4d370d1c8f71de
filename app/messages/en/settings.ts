/** Settings of a tenant. */
export const settings = {} as const
