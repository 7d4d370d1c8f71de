/**
 * xterm.js looks for `process.title` to tell whether it runs in Node.js. Next.js gives every page a `process` that has
 * one, and then xterm.js knows neither the platform (middle click on Linux, Option on a Mac) nor Firefox.
 * @see https://github.com/xtermjs/xterm.js/blob/6.0.0/src/common/Platform.ts
 */
module.exports = (source) => {
  const browser = source.replaceAll('typeof process<"u"&&"title"in process', 'false')
  if (browser.includes('in process'))
    throw new Error('xterm.js looks for Node.js in another way: see app/xterm-loader.cjs')
  return browser
}
