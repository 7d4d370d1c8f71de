/** Pages that say that something went wrong. */
export const errors = {
  contactOperator:
    'This page failed to load. Your sandboxes are still running. Try again; if the problem persists, contact your operator.',
  contactOperatorDigest:
    'This page failed to load. Your sandboxes are still running. Try again; if the problem persists, contact your operator and mention error {digest}.',
  goToSandboxes: 'Go to your sandboxes',
  notFound: 'Page not found',
  notFoundText: 'Check the address. The page may have been moved or deleted.',
  tryAgain: 'Try again',
  wrong: 'Something went wrong',
} as const
