/** Pages that say that something went wrong. */
export const errors = {} as const
