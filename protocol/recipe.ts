import type { Recipe } from './run.js'

/** A recipe's command lines for one program. */
export interface Commands {
  readonly compile: readonly string[] | null
  readonly run: readonly string[]
}

/**
 * Fills a recipe's placeholders for the program at `path`: `{file}` is the path itself, `{stem}` the path without its
 * ending, `{directory}` where it lies, `{name}` its name without directory and ending.
 */
export function commandsOf(recipe: Pick<Recipe, 'compile' | 'run'>, path: string): Commands {
  const cut = path.lastIndexOf('/')
  const directory = cut < 0 ? '.' : path.slice(0, cut)
  const name = path.slice(cut + 1).replace(/(?<=.)\.[^.]*$/, '')
  const stem = cut < 0 ? name : `${directory}/${name}`
  // A program whose name begins with a dash is no option.
  const values = { file: path.startsWith('-') ? `./${path}` : path, stem, directory, name }
  const fill = (word: string) =>
    word.replace(/\{(file|stem|directory|name)\}/g, (whole, key: string) => {
      for (const [known, value] of Object.entries(values)) if (known === key) return value
      return whole
    })
  return { compile: recipe.compile?.map(fill) ?? null, run: recipe.run.map(fill) }
}
