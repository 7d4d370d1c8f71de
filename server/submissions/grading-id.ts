/** The id of a new grading, in a statement. */
export const newGradingId = `'gr_' || substr(replace(gen_random_uuid()::TEXT, '-', ''), 1, 20)`
