/** The API reference. */
export const reference = {
  answers: 'Answers',
  body: 'Body',
  bodyNamed: 'Body ({name})',
  bodyType: 'The body is of type {type}.',
  defaultValue: ', default {value}',
  example: 'Example',
  intro:
    'Every call of this server, with an example for each. Authenticate with <code>Authorization: Bearer API_KEY</code>. The <link>OpenAPI 3.1 document</link> generates clients for other languages.',
  none: 'No call matches',
  noneText: 'Search by a word of its name, its address or what it does.',
  optional: 'optional',
  other: 'other',
  parameters: 'Parameters',
  places: {
    header: 'header',
    path: 'in the address',
    query: 'query',
  },
  required: 'required',
  search: 'Search calls',
  searchExample: 'Search calls, for example create sandbox',
  theExample: 'the example',
} as const
