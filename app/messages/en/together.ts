/** Several people in one workspace. */
export const together = {
  alsoIn: 'Open at {names}',
  here: 'Also in this workspace',
  inFile: '{name}, in {file}',
  looks: '{who} (looking)',
  more: '+{count, number}',
  somebody: 'Somebody',
}
