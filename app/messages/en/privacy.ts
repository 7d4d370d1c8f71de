/** What is kept and shown of how long students work: of the operator, and of a class. */
export const privacy = {
  activityDays: 'Keep minutes for (days)',
  activityDaysText: 'Older ones are deleted.',
  classOff: 'Minutes of each student are no longer shown.',
  classOn: 'Minutes of each student are shown from now on.',
  classTimes: 'Show minutes of each student',
  classTimesText:
    'In the statistics of assignments, to teachers and assistants. Students see on their pages that this is on. Without it only the distribution is shown.',
  classTitle: 'Time on task',
  notAllowed: 'The operator of this installation does not allow it.',
  save: 'Save',
  saved: 'Saved the privacy settings.',
  studentTimes: 'Minutes of each student',
  studentTimesText:
    'Classes may show them to their teachers and assistants. Students are told where they are shown.',
  timeShown: 'Your teachers can see how many minutes you work on assignments of this class.',
  timeShownIn: 'Your teachers can see how many minutes you work on assignments of: {classes}.',
  timeStatistics: 'Time on task',
  timeStatisticsText:
    'Minutes in which students work on an assignment are counted. Teachers and assistants see their distribution, from five students on. If off, nothing is counted or shown.',
  title: 'Privacy',
} as const
