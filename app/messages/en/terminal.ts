/** Terminals. */
export const terminal = {} as const
