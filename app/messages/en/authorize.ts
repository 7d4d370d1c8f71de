/** The page on which a person lets a program in by OAuth. */
export const authorize = {
  allow: 'Allow access',
  nothingAsked:
    'Programs open this page when they are to be connected, and nothing asks for it here. Start in your program.',
  question:
    '<strong>{client}</strong> wants to use sandboxes of <strong>{tenant}</strong> by the Model Context Protocol.',
  refuse: 'Cancel',
  revoke: 'The access is listed with the API keys of the tenant, where you can revoke it.',
  signInFirst: 'A program wants to use your sandboxes. Sign in to see which one.',
  unchecked:
    'The name was not verified. Access is handed to <strong>{host}</strong>. Allow it only if you started this from a program that you trust.',
} as const
