import { z } from 'zod'

/** Bounds of thumbnails: of what a terminal shows, as text. */
export const thumbnailBounds = {
  /** Cells that are shown: the first columns, and the lines down to the cursor. */
  columns: 80,
  rows: 24,
  /** In one line: a cell may hold several characters that are drawn over one another. */
  lineChars: 320,
  /** That one call may ask for. */
  sandboxes: 200,
} as const

/** What was drawn: a terminal, how much it had written, and its size. Compared only. */
export const thumbnailVersion = z.string().regex(/^tm_[0-9a-z]{1,32}\.\d{1,16}\.\d{1,4}x\d{1,4}$/)
