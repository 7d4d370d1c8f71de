/** All that a class has of one student: exported, and deleted when they ask for it. */
export const studentData = {
  actionsFor: 'Data of {name}',
  activeDays: 'Days with minutes of work',
  askDelete: 'Delete the data of {name}?',
  askDeleteText: 'This cannot be undone. Export it first if somebody may need it.',
  confirm: 'Type the name of the student to confirm',
  delete: 'Delete data',
  deleted: 'Deleted the data of {name}.',
  examEvents: 'Events of exams',
  exams: 'Exams',
  export: 'Export data',
  exportOwn: 'Download my data',
  exportOwnText:
    'Everything this class has of you: profile, submissions with their files, receipts, results, points and comments, exams, and minutes of work.',
  extensions: 'Extensions',
  grades: 'Points and comments',
  gradings: 'Test results',
  lessons: 'Lessons and messages',
  sandboxes: 'Sandboxes',
  snapshots: 'Snapshots',
  stays:
    'The student stays in the class with their account. The audit log stays, and copies that teachers made.',
  submissions: 'Submissions',
  title: 'Your data',
  withSize: '{count} ({size})',
  work: 'Assignments begun',
} as const
