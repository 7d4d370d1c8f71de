import { z } from 'zod'
import { fileQuery } from '../api/files.js'

/** Query of `GET /sandboxes/:id/archive`. */
export const packQuery = fileQuery.extend({
  /**
   * Names of directories, with slashes between them: only the names of these come. Sockets and devices come as pipes then, so that whoever
   * hands something in is told what is missing.
   */
  handIn: z.string().max(4096).optional(),
})
