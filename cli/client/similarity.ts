import type { SimilarityReport, SimilarPairDetail } from '../../sdk/index.js'
import { UsageError } from '../command.js'
import { clientCommand } from './client-command.js'
import { printable, printJson, printTable } from './output.js'

/** Hand-ins that have much in common. */
export const similarity = clientCommand({
  ...{ name: 'assignment similarity', group: 'Classes', operands: 'ASSIGNMENT [SUBMISSION OTHER]' },
  summary: 'List hand-ins that have much in common, or print what two of them have',
  details:
    'The last hand-in of each student, by winnowing; what the starter files and many hand-ins have does not count. It shows what to look at, and proves nothing.',
  async run({ cloche, words, json }) {
    const [id, one, other] = words
    if (id === undefined) throw new UsageError('specify an assignment by its id')
    if (one !== undefined) {
      if (other === undefined) throw new UsageError('specify two submissions')
      const pair = await cloche.assignments.similarPair(id, one, other)
      if (json) printJson(pair)
      else for (const fragment of pair.fragments) printFragment(fragment)
      return 0
    }
    const report = await cloche.assignments.similarity(id)
    if (json) printJson(report)
    else {
      const rows = report.pairs.map(({ similarity, longest, one, other }) => [
        ...[percent(similarity), one.student.name, percent(one.share), other.student.name],
        ...[percent(other.share), String(longest), one.submission, other.submission],
      ])
      printTable(['SIMILAR', 'STUDENT', 'SHARE', 'STUDENT', 'SHARE', 'LONGEST', 'SUBMISSION', 'OTHER'], rows)
      tellLeftOut(report)
    }
    return 0
  },
})

const percent = (share: number) => `${Math.round(share * 100)} %`

function printFragment({ tokens, one, other }: SimilarPairDetail['fragments'][number]): void {
  for (const { path, from, to, start, lines } of [one, other]) {
    console.log(printable(`${path}:${from}-${to} (${tokens} tokens)`))
    for (const [at, line] of lines.entries()) {
      const number = start + at
      console.log(
        `${number >= from && number <= to ? '|' : ' '} ${String(number).padStart(5)}  ${printable(line.replaceAll('\t', '    '))}`,
      )
    }
    console.log('')
  }
}

function tellLeftOut({ handInsLeftOut, pairs, pairCount, shortCount, skippedCount }: SimilarityReport): void {
  const told = [
    ...(handInsLeftOut > 0 ? [`${handInsLeftOut} hand-ins are more than are compared`] : []),
    ...(pairCount > pairs.length ? [`${pairCount - pairs.length} more pairs are similar`] : []),
    ...(shortCount > 0 ? [`${shortCount} hand-ins have too little to be compared`] : []),
    ...(skippedCount > 0 ? [`${skippedCount} files were not compared; --json lists them`] : []),
  ]
  for (const one of told) console.error(`cloche: ${one}`)
}
