/** When lessons of a class are, on the page of the live lesson. */
export const timetable = {
  add: 'Add a weekly lesson',
  addOne: 'Add lesson',
  addText:
    'Sandboxes for the students are made ready {minutes, number} minutes before each lesson, so that nobody waits.',
  day: 'Day',
  days: {
    friday: 'Friday',
    monday: 'Monday',
    saturday: 'Saturday',
    sunday: 'Sunday',
    thursday: 'Thursday',
    tuesday: 'Tuesday',
    wednesday: 'Wednesday',
  },
  later: 'Not yet',
  next: 'Next',
  noAssignment: 'None: nothing is made ready',
  none: 'No timetable',
  noneText:
    'With a timetable, sandboxes for the students are made ready {minutes, number} minutes before each lesson.',
  problems: {
    quota: 'The quota of the tenant does not allow more.',
    room: 'The nodes have no room for more now.',
    snapshot: 'The assignment begins with a snapshot: its sandboxes are made when students begin.',
    template: 'No node has the template in a form that can be made ready.',
  },
  ready: 'Ready',
  readyOf: '{ready, number} of {wanted, number} ready',
  remove: 'Remove',
  removeOne: 'Remove the lesson on {when}',
  time: 'Time',
  timeHint: 'By the clocks of the class.',
  title: 'Timetable',
  when: 'When',
} as const
