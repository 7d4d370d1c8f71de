/** Signing up and in, invitations, password resets. */
export const entry = {} as const
