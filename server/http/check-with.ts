import { validatorCompiler } from 'fastify-type-provider-zod'

/**
 * Checks a part of a request with its zod schema. Fastify says null of a body that is not there, and the default of a
 * schema stands in for `undefined` only: without this a call whose body may be left out is refused without one.
 */
export const checkWith: typeof validatorCompiler = (route) => {
  const check = validatorCompiler(route)
  return (part) => check(part === null ? undefined : part)
}
