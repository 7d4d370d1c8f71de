import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import ts from 'typescript'
import { declarations } from './declarations.js'

/** Makes `sdk/dist`, what `npm publish` in `sdk/` takes along. Called in the root of the repository. */
const root = process.cwd()
const out = join(root, 'sdk/dist')
const entry = join(root, 'sdk/index.ts')
const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)

rmSync(out, { recursive: true, force: true })
await build({
  ...{ entryPoints: [entry], outfile: join(out, 'index.js'), bundle: true, packages: 'external' },
  ...{ format: 'esm', target: 'es2022', platform: 'neutral', sourcemap: true, logLevel: 'warning' },
})
for (const [name, text] of declarations(root, entry, options)) {
  const path = join(out, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
copyFileSync(join(root, 'LICENSE'), join(out, 'LICENSE'))
