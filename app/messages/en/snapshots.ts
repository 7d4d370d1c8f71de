/** Snapshots and forks of sandboxes. */
export const snapshots = {
  ask: {
    createFrom: 'New sandbox from {name}?',
    delete: 'Delete {name}?',
    restore: 'Restore to {name}?',
  },
  askText: {
    createFrom: 'It begins with the files of the snapshot, with the limits that the sandbox had.',
    delete: 'This permanently deletes the snapshot. Sandboxes made from it keep their files.',
    restore:
      'The disk of {sandbox} goes back to this snapshot. Programs that run in it are ended. A snapshot of the disk as it is now is taken first.',
  },
  createFrom: 'New sandbox',
  current: 'Origin',
  delete: 'Delete snapshot',
  download: 'Download files as tar',
  deleted: 'Deleted the snapshot {name}.',
  fork: 'Fork',
  name: 'Name',
  nameHint: 'Made up if empty',
  newName: 'New name',
  none: 'No snapshots yet',
  noneText: 'A snapshot keeps the disk as it is now. Nothing is copied, so it takes a moment only.',
  rename: 'Rename',
  renamed: 'Renamed to {name}.',
  restore: 'Restore',
  restored: 'Restored to {name}. The disk as it was is {before}.',
  size: '{size}, {own} of it alone',
  take: 'Take snapshot',
  taken: 'Took the snapshot {name}.',
  text: 'Disks as they were at one moment. Memory and programs are not part of them.',
  title: 'Snapshots',
}
