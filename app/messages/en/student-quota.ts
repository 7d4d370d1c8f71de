/** What one student may have at once. */
export const studentQuota = {
  ownText: 'What you may have at once. Your teacher can change it.',
  parts: {
    awake: 'Running sandboxes',
    cpus: 'CPUs',
    diskMiB: 'Disk (MiB)',
    memoryMiB: 'Memory (MiB)',
    pids: 'Processes',
    queuedRuns: 'Waiting runs',
    runs: 'Runs at once',
    runStorageMiB: 'Stored runs (MiB)',
    sandboxes: 'Sandboxes',
    snapshots: 'Snapshots',
  },
  save: 'Save',
  saved: 'Saved',
  text: 'An empty field keeps the amount that is shown in it. One student cannot use up what classmates need.',
  title: 'Quota of each student',
} as const
