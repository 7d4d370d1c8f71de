/** The file tree, and search in files. */
export const files = {} as const
