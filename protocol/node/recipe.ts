import type { Recipe } from '../api/languages.js'

/** A recipe's command lines for one program. */
export interface Commands {
  readonly compile: readonly string[] | null
  readonly run: readonly string[]
}

/** What the command lines depend on beside the program. */
export interface RecipeOptions {
  /** Every file of the run, the program among them. */
  readonly files?: readonly string[]
  /** Memory limits of the two steps. */
  readonly memoryMiB?: { readonly compile: number; readonly run: number }
  readonly cpus?: number
}

/** Endings of one language, of which a program may have several. */
const families = [['cpp', 'cc', 'cxx', 'c++']]
/** Of the memory limit; the rest is for the machine code, threads and stacks of a runtime with a heap. */
const heapShare = 0.7

/**
 * Fills a recipe's placeholders for the program at `path`: `{file}` is the path itself, `{stem}` the path without its
 * ending, `{directory}` where it lies, `{name}` its name without directory and ending. `{sources}` is, as a word of its
 * own, the program and all other files of its language. `{memoryMiB}` is the step's memory limit, `{heapMiB}` what a
 * garbage-collected heap may take of it, `{cpus}` whole processors: a runtime that asks the kernel is told of the host's.
 */
export function commandsOf(
  recipe: Pick<Recipe, 'compile' | 'run'>,
  path: string,
  { files = [path], memoryMiB = { compile: 1024, run: 256 }, cpus = 1 }: RecipeOptions = {},
): Commands {
  const cut = path.lastIndexOf('/')
  const directory = cut < 0 ? '.' : path.slice(0, cut)
  const name = path.slice(cut + 1).replace(/(?<=.)\.[^.]*$/, '')
  const stem = cut < 0 ? name : `${directory}/${name}`
  // A program whose name begins with a dash is no option.
  const plain = (file: string) => (file.startsWith('-') ? `./${file}` : file)
  const sources = [path, ...files.filter((file) => file !== path && sameLanguage(file, path))].map(plain)
  const fill = (words: readonly string[], memory: number) => {
    const values = {
      ...{ file: plain(path), stem, directory, name },
      ...{ memoryMiB: String(memory), heapMiB: String(Math.max(8, Math.floor(memory * heapShare))) },
      cpus: String(Math.max(1, Math.ceil(cpus))),
    }
    return words.flatMap((word) =>
      word === '{sources}'
        ? sources
        : word.replace(/\{(\w+)\}/g, (whole, key: string) => {
            for (const [known, value] of Object.entries(values)) if (known === key) return value
            return whole
          }),
    )
  }
  return {
    compile: recipe.compile === null ? null : fill(recipe.compile, memoryMiB.compile),
    run: fill(recipe.run, memoryMiB.run),
  }
}

function sameLanguage(file: string, program: string): boolean {
  const ending = (path: string) => /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase()
  const [ours, theirs] = [ending(file), ending(program)]
  if (ours === undefined || theirs === undefined) return false
  return ours === theirs || families.some((family) => family.includes(ours) && family.includes(theirs))
}
