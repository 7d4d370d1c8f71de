/** The account of a person. */
export const account = {} as const
