import type { z } from 'zod'
import { badImage } from './error.js'

/** Parses what an image says. @param what it is, for the refusal */
export function parsed<T extends z.ZodType>(schema: T, bytes: Buffer, what: string): z.infer<T> {
  let raw: unknown
  try {
    raw = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw badImage(`${what} is not JSON`)
  }
  const { data, error } = schema.safeParse(raw)
  if (error === undefined) return data
  const [issue] = error.issues
  throw badImage(`${what} is not as it should be: ${issue?.path.join('.') || 'all of it'}: ${issue?.message}`)
}
