import { config } from 'zod'

// zod compiles its parsers with `new Function`, which the content security policy forbids, and the attempt alone is
// reported in the console. This has to run before the first schema is made.
config({ jitless: true })
