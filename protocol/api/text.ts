import { z } from 'zod'

/**
 * Text of at most `max` characters without NUL: the kernel ends every argument, variable and path there, and
 * PostgreSQL's JSON cannot hold one.
 */
export const textWithoutNul = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[^\0]*$/, 'must not contain NUL')
