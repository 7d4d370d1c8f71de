/** The API reference. */
export const reference = {} as const
