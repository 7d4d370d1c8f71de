/**
 * `protocol/` names its own files as Node.js wants them, `./ids.js`. Turbopack, unlike webpack and TypeScript, does
 * not look for `ids.ts` then: https://github.com/vercel/next.js/issues/82945
 */
module.exports = (source) => source.replace(/(from '\.\/[\w-]+)\.js'/g, "$1'")
