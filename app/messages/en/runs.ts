/** One-off runs. */
export const runs = {} as const
