// Prints the languages of a recipe with their exact versions, which the programs of the image say:
//   node versions.mjs ROOT languages.json
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const [root, recipes] = process.argv.slice(2)
const languages = JSON.parse(readFileSync(recipes, 'utf8')).map(({ version, ...language }) => {
  const said = execFileSync('chroot', [root, ...version], { encoding: 'utf8' })
  const [exact] = /\d+(\.\d+)+/.exec(said) ?? []
  if (exact === undefined) throw new Error(`${version.join(' ')} says no version: ${said}`)
  return { ...language, version: exact }
})
console.log(JSON.stringify(languages, null, 2))
