import { own, read, theirs } from '../rules.js'
import { key, type Row } from './row.js'

const long = { finishedBefore: '2020-01-01T00:00:00Z' }

/** One-off tasks. */
export const runRows: Readonly<Record<string, Row>> = {
  listLanguages: { rule: own },
  createRun: {
    rule: own,
    call: (victim) => ({ body: { command: 'echo confidential', wait: true }, headers: key(victim) }),
  },
  listRuns: { rule: own, call: ({ runId }) => ({ query: { search: runId } }) },
  // Everybody's runs are over by then; the victim's must stay when others say so.
  deleteFinishedRuns: {
    rule: own,
    call: () => ({ query: { finishedBefore: new Date(Date.now() + 60_000).toISOString() } }),
    fresh: () => ({ query: long }),
  },
  getRun: { rule: theirs, call: ({ runId }) => ({ path: { id: runId }, query: { request: 'true' } }) },
  followRun: { rule: theirs, call: ({ runId }) => ({ path: { id: runId } }) },
  cancelRun: { rule: theirs, call: ({ runId }) => ({ path: { id: runId } }) },
  getCallbackSecret: { rule: read },
}
