/** The grade book of a class. */
export const grades = {
  csv: 'Download CSV',
  givenText: 'Points that a person gave in place of those of the tests.',
  none: 'No grades yet',
  noneText: 'Once the class has students and assignments, their points are shown here.',
  of: 'of {points}',
  student: 'Student',
  title: 'Grades',
  total: 'Total',
} as const
