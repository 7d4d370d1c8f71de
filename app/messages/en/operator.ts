/** Pages of the operator. */
export const operator = {} as const
