import { z } from 'zod'
import { templateName } from './sandbox.js'

/** A language as it can be used here and now: a recipe over a template. */
export const language = z.object({
  name: z.string(),
  title: z.string(),
  version: z.string().describe('exact, of the compiler or interpreter'),
  aliases: z.array(z.string()),
  file: z.string().describe('name that the first file gets when it has another ending'),
  compile: z.array(z.string()).nullable(),
  run: z.array(z.string()),
  template: templateName,
})
export type Language = z.infer<typeof language>

/** `GET /api/v1/languages` */
export const languageList = z.object({ items: z.array(language) })

/** How a template says it in its own file; `{file}` stands for the program's name. */
export const recipe = language.omit({ template: true })
export type Recipe = z.infer<typeof recipe>
