/** Several people in one workspace. */
export const together = {
  alsoIn: 'Open at {names}',
  editedWith: 'Edited together with {names}',
  follow: 'Select to see what they see',
  followOf: 'Follow: {who}',
  following: 'Following {name}, until a key or a click',
  here: 'Also in this workspace',
  inFile: '{name}, in {file}',
  looks: '{who} (looking)',
  more: '+{count, number}',
  somebody: 'Somebody',
  tooLarge: 'Too large to be edited together',
  unfollow: 'Select to stop following',
}
