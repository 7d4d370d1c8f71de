/** Files that are shown as something else than their text. */
export const viewers = {
  drawing: 'Output of the cell',
  edit: 'Edit',
  emptyTable: 'This table is empty.',
  notANotebook: 'This is not a notebook of version 4. Choose Edit to see its text.',
  notAnImage: 'The browser cannot show this file as an image.',
  row: 'Row',
  tooLarge: 'This file is too large to show here. Download it instead.',
  unknownOutput: 'This output cannot be shown here.',
  view: 'Preview',
} as const
