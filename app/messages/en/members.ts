/** Members and invitations of a tenant. */
export const members = {} as const
