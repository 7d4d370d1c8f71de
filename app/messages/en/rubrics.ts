/** How people give points: criteria with levels. */
export const rubrics = {
  add: 'Add criterion',
  choose: 'Choose a level of each criterion.',
  criterion: 'Criterion {number}',
  criterionHint: 'such as Clear names',
  levels: 'Levels of {name}',
  levelsHint: 'One on each line, points first, then words: 2 Most names say what they mean',
  levelsWrong: '{name}: each line of its levels begins with points, such as 2 Most names are clear.',
  none: 'No criteria: graders give points.',
  points: '{points} points',
  remove: 'Remove criterion {name}',
  sum: '{points} of {max} points',
  text: 'Graders choose one level of each criterion, and the points of the grade are their sum. Students see what was chosen with their grade. What was chosen before stays as it is when the rubric is changed.',
  title: 'Rubric',
} as const
