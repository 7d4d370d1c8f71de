/** How long a call may be waited for. */
export interface Deadlines {
  /** Until the head of the answer, from when the node has been sent all of the call. */
  readonly headMs: number
  /** Between two pieces of the answer, while they are read. */
  readonly silenceMs: number
}

/** The longest time limit that a step of a run may have. */
const longestStepMs = 3_600_000
/** On top of what a call takes by what it asks for: a busy node, a slow line. */
const slackMs = 60_000

const within = (ms: number): Deadlines => ({ headMs: ms, silenceMs: ms })

/** What a node looks up. */
const read = within(30_000)
/** Longer than anything that changes a sandbox takes, such as a stop with the longest grace. */
const change = within(120_000)

/** Of calls with an answer in one piece. */
export const answerDeadlines = (method: string): Deadlines => (method === 'GET' ? read : change)

/** An attachment is granted or refused at once. */
export const attachDeadlines = read

/** Of streams of bytes: what can be packed or written of them comes piece by piece. */
export const streamDeadlines = change

/** Images wait for each other, and each is unpacked before the answer comes. */
export const imageDeadlines = within(3_600_000)

/** A command may be silent until its own time limit has ended it. */
export const execDeadlines = (timeoutMs: number): Deadlines => within(timeoutMs + slackMs)

/** So may each step of a run, and the compilation before the first event. */
export const runDeadlines = within(longestStepMs + slackMs)
