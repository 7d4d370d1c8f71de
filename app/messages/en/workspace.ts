/** The workspace around its panes. */
export const workspace = {} as const
