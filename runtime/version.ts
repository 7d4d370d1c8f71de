/** Of the runtime, as operators see it. */
export const version = '0.1.0'
