/** What a call reads or answers that is not JSON. */
export interface MediaType {
  readonly type: string
  readonly description: string
}

const octets = 'application/octet-stream'
const tar = 'application/x-tar'
const csv = 'text/csv'
const events = 'text/event-stream'

const file: MediaType = { type: octets, description: 'The content of the file' }
const tree: MediaType = { type: tar, description: 'The tree as a tar archive' }
const image: MediaType = {
  type: tar,
  description: 'An OCI layout, which `docker load` takes as well, as a tar',
}
const matches: MediaType = { type: events, description: 'Server-sent events `match`, then `end` or `error`' }
const until = (last: string): MediaType => ({
  ...{ type: events, description: `Server-sent events; the last one is \`${last}\`` },
})

/** Media types of answers that are not, or not only, JSON. */
export const answersWith: Readonly<Record<string, MediaType>> = {
  readFile: file,
  readSignedFile: file,
  readArchive: tree,
  readVolumeFile: file,
  readVolumeArchive: tree,
  readAssignmentFile: file,
  readSubmissionFile: file,
  packSnapshot: tree,
  packAssignmentFiles: tree,
  packExamSnapshot: tree,
  packSubmission: tree,
  exportStudentData: { type: tar, description: 'All that is kept about the student, as a tar archive' },
  exportCourse: { type: tar, description: 'All assignments of the class, as a tar archive' },
  exportTemplate: image,
  exportImage: image,
  searchFiles: matches,
  searchVolumeFiles: matches,
  watchFiles: {
    type: events,
    description: 'Server-sent events `ready`, `change` and `rescan`, then `end` or `error`',
  },
  followProcess: until('exit'),
  followBuild: until('end'),
  followStackLogs: { type: events, description: 'Server-sent events `log`, `gap` and `exit`' },
  followTransfer: until('end'),
  followEvents: { type: events, description: 'Server-sent events, named by their types; `missed`' },
  followRun: until('result'),
  exportRoster: { type: csv, description: 'A heading line, and one line for each student' },
  exportGradebook: { type: csv, description: 'A heading line, and one line for each student' },
  getAuditCsv: { type: csv, description: 'One line for each event' },
  getUsageCsv: { type: csv, description: 'One line for each hour' },
  execCommand: {
    type: events,
    description: 'With `Accept: text/event-stream`: the output as it is written',
  },
}

const roster: MediaType = { type: csv, description: 'A heading line, and one line for each student' }
const archive: MediaType = { type: tar, description: 'A tar archive' }
const course: MediaType = { type: tar, description: 'The archive of a course, as `exportCourse` gives it' }
const ociImage: MediaType = {
  type: tar,
  description: 'The archive, plain or compressed with gzip as a whole',
}

/** Media types of bodies that are not JSON. */
export const takes: Readonly<Record<string, MediaType>> = {
  writeFile: file,
  writeSignedFile: file,
  writeVolumeFile: file,
  writeAssignmentFile: file,
  pushFile: file,
  sendStdin: { type: octets, description: 'What the process reads' },
  writeArchive: archive,
  writeVolumeArchive: archive,
  replaceAssignmentFiles: archive,
  previewCourse: course,
  importCourse: course,
  previewRoster: roster,
  importRoster: roster,
  previewGradebook: { type: csv, description: 'A column of names, and one column for each assignment' },
  importGradebook: { type: csv, description: 'The same file that was previewed' },
  startBuild: {
    type: 'multipart/form-data',
    description: 'A field `options`, which is JSON and may be absent, and after it a file `context`, a tar',
  },
  importOwnTemplate: ociImage,
  importTemplate: ociImage,
}
