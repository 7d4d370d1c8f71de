/** What a new sandbox begins with. */
export const start = {
  cloning: 'Cloning {url}…',
  empty: 'Nothing',
  emptyText: 'An empty home directory.',
  label: 'Begin with',
  notSignedIn: 'Nobody signed in, so nothing was cloned.',
  repository: 'Git repository',
  repositoryText: 'Cloned when the sandbox is ready.',
  starter: 'Starter project',
  starterText: 'A small program that runs with F5.',
  url: 'Address of the repository',
  urlHint: 'A password or token is asked for when it is needed, and is not stored in the sandbox.',
} as const
