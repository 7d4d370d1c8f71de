/** What begins a comment or a literal, and what ends it. */
export interface Opener {
  readonly kind: 'comment' | 'literal'
  readonly begin: string
  /** Undefined: the end of the line. */
  readonly end: string | undefined
  /** A literal that its line ends. */
  readonly oneLine: boolean
}

/** As much of a language as it takes to leave out comments and to tell keywords from names. */
export interface Syntax {
  /** By the code of the first character, longer ones first. */
  readonly openers: ReadonlyMap<number, readonly Opener[]>
  readonly keywords: ReadonlySet<string>
  /** `/` begins a regular expression where no operand is before it. */
  readonly regex: boolean
}

type Pair = readonly [begin: string, end: string]
interface Row {
  readonly extensions: string
  readonly line?: readonly string[]
  readonly block?: readonly Pair[]
  readonly quotes?: string
  readonly long?: readonly Pair[]
  readonly regex?: boolean
  readonly keywords: string
}

const c: Pair = ['/*', '*/']
const control = 'if else for while do switch case default break continue return'
const objects = 'class new this try catch finally throw public private protected static import'

const table: readonly Row[] = [
  {
    ...{ extensions: 'py pyw pyi', line: ['#'], quotes: `"'` },
    long: [
      ['"""', '"""'],
      ["'''", "'''"],
    ],
    keywords:
      'and as assert async await break class continue def del elif else except False finally for from global if import in is lambda None nonlocal not or pass raise return True try while with yield match case',
  },
  {
    ...{ extensions: 'js jsx mjs cjs ts tsx mts cts', line: ['//'], block: [c], quotes: `"'` },
    ...{ long: [['`', '`']], regex: true },
    keywords: `${control} ${objects} function var let const of in typeof instanceof async await yield export from null true false extends super delete interface type enum`,
  },
  {
    ...{ extensions: 'java kt kts scala groovy', line: ['//'], block: [c], quotes: `"'` },
    long: [['"""', '"""']],
    keywords: `${control} ${objects} fun val var def object interface extends implements abstract final void int long double float boolean char null true false instanceof package super when is in enum record trait`,
  },
  {
    ...{ extensions: 'c h cc cpp cxx hpp hh ino cu', line: ['//'], block: [c], quotes: `"'` },
    keywords: `${control} ${objects} struct union enum typedef void int long short double float char bool unsigned signed const sizeof goto template typename namespace using virtual auto nullptr true false delete operator inline extern include define ifdef ifndef endif`,
  },
  {
    ...{ extensions: 'cs swift dart php', line: ['//'], block: [c], quotes: `"'` },
    long: [['"""', '"""']],
    keywords: `${control} ${objects} func function let var const foreach in is as using namespace struct enum interface protocol extension guard where void int string double bool null nil true false async await get set override echo array elseif extends implements`,
  },
  {
    ...{ extensions: 'go', line: ['//'], block: [c], quotes: `"'`, long: [['`', '`']] },
    keywords: `${control} func package import var const type struct interface map chan go defer select range fallthrough goto nil true false`,
  },
  {
    // `'` begins a lifetime as well: what one character is, is of no weight.
    ...{ extensions: 'rs', line: ['//'], block: [c], quotes: '"' },
    keywords:
      'as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod move mut pub ref return self static struct super trait true type unsafe use where while',
  },
  {
    ...{ extensions: 'rb', line: ['#'], block: [['\n=begin', '\n=end']], quotes: `"'` },
    keywords:
      'and begin break case class def do else elsif end ensure false for if in module next nil not or redo rescue retry return self super then true unless until when while yield require',
  },
  {
    ...{ extensions: 'sh bash zsh', line: ['#'], quotes: `"'` },
    keywords:
      'if then else elif fi for while until do done case esac in function return local export echo read',
  },
  {
    ...{ extensions: 'pl pm r jl nim', line: ['#'], quotes: `"'` },
    keywords: `${control} elsif elseif unless until foreach sub my our use function end begin in next last repeat let struct module import using NULL TRUE FALSE true false proc var`,
  },
  {
    ...{ extensions: 'sql', line: ['--'], block: [c], quotes: `"'` },
    keywords:
      'select from where insert into values update set delete create table view index primary key foreign references not null and or in is like between group by having order asc desc limit join left right inner outer on as union all distinct case when then else end exists with SELECT FROM WHERE INSERT INTO VALUES UPDATE SET DELETE CREATE TABLE VIEW INDEX PRIMARY KEY FOREIGN REFERENCES NOT NULL AND OR IN IS LIKE BETWEEN GROUP BY HAVING ORDER ASC DESC LIMIT JOIN LEFT RIGHT INNER OUTER ON AS UNION ALL DISTINCT CASE WHEN THEN ELSE END EXISTS WITH',
  },
  {
    ...{ extensions: 'lua', block: [['--[[', ']]']], line: ['--'], quotes: `"'`, long: [['[[', ']]']] },
    keywords:
      'and break do else elseif end false for function goto if in local nil not or repeat return then true until while',
  },
  {
    ...{ extensions: 'hs elm', block: [['{-', '-}']], line: ['--'], quotes: '"' },
    keywords:
      'case class data deriving do else if import in infix instance let module newtype of then type where',
  },
  {
    ...{ extensions: 'ml mli pas', block: [['(*', '*)']], line: ['//'], quotes: '"' },
    keywords:
      'and as begin case const div do done downto else end exception false for fun function if in let match mod module not of open or procedure program rec record repeat then to true try type until val var when while with',
  },
  {
    ...{ extensions: 'clj cljs scm rkt lisp el s asm', line: [';'], quotes: '"' },
    keywords:
      'def defn defun define let lambda fn if cond loop recur do case mov push pop call ret jmp cmp add sub',
  },
]

function syntaxOfRow({
  line = [],
  block = [],
  quotes = '',
  long = [],
  regex = false,
  keywords,
}: Row): Syntax {
  const all: Opener[] = [
    ...line.map((begin) => ({ kind: 'comment', begin, end: undefined, oneLine: true }) as const),
    ...block.map(([begin, end]) => ({ kind: 'comment', begin, end, oneLine: false }) as const),
    ...long.map(([begin, end]) => ({ kind: 'literal', begin, end, oneLine: false }) as const),
    ...[...quotes].map((quote) => ({ kind: 'literal', begin: quote, end: quote, oneLine: true }) as const),
  ]
  const openers = new Map<number, Opener[]>()
  for (const one of all.toSorted((a, b) => b.begin.length - a.begin.length)) {
    const first = one.begin.charCodeAt(0)
    openers.set(first, [...(openers.get(first) ?? []), one])
  }
  return { openers, keywords: new Set(keywords.split(' ')), regex }
}

const byExtension = new Map<string, Syntax>(
  table.flatMap((row) => {
    const syntax = syntaxOfRow(row)
    return row.extensions.split(' ').map((extension) => [extension, syntax] as const)
  }),
)

/** By the name of a file. @returns undefined for what is compared by its words */
export function syntaxOf(path: string): Syntax | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const dot = name.lastIndexOf('.')
  return dot < 0 ? undefined : byExtension.get(name.slice(dot + 1).toLowerCase())
}
