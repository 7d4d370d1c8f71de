/** Every page that somebody signed in opens by its address, with its title. Tests of what holds on all pages walk these. */
export const everyPage = [
  { path: '/sandboxes', title: 'Sandboxes' },
  { path: '/runs', title: 'Runs' },
  { path: '/volumes', title: 'Volumes' },
  { path: '/schedules', title: 'Schedules' },
  { path: '/usage', title: 'Usage' },
  { path: '/keys', title: 'API keys' },
  { path: '/members', title: 'Members' },
  { path: '/audit', title: 'Audit log' },
  { path: '/settings', title: 'Settings' },
  { path: '/account', title: 'Account' },
  { path: '/docs/api', title: 'API reference' },
  { path: '/sign-in', title: 'Sign in' },
  { path: '/sign-up', title: 'Create an account' },
  { path: '/reset', title: 'Set a new password' },
  { path: '/join', title: 'Join a tenant' },
  { path: '/none', title: 'Page not found' },
] as const
