import { describe, expect, it } from 'vitest'
import type { Gradebook } from '../../protocol/api/index.js'
import { planGradebook } from './gradebook-plan.js'

const task = (id: string, title: string, maxPoints = 10) => ({ id: `as_${id}`, title, maxPoints })
const student = (
  id: string,
  name: string,
  number: string | null,
  points: (number | null)[],
  userId = id,
) => ({
  ...{ id: `ps_${id}`, userId: userId === '' ? null : userId, name, number, total: 0 },
  grades: points.map((one) => ({ points: one, state: 'graded' as const, given: false, submission: null })),
})
const book: Gradebook = {
  assignments: [task('loops', 'Loops'), task('formula', '@SUM(A1)', 5)],
  students: [
    student('ann', 'Ann Lee', '17', [3, null]),
    student('ben', 'Ben Li', null, [null, null]),
    student('zoe1', 'Zoe', '21', [null, 2]),
    student('zoe2', 'Zoe', null, [null, null]),
    student('late', 'Late', null, [null, null], ''),
  ],
}
const shortly = (text: string) => {
  const { changed, unchanged, problems } = planGradebook(text, book)
  const changes = changed.map(({ student: { name }, title, from, to }) => [name, title, from, to])
  return { changes, unchanged, problems: problems.map(({ line, problem }) => [line, problem]) }
}

describe('a file with points', () => {
  it('is read as it was exported; empty cells and what counts already change nothing', () => {
    const text = `Name,Number,Loops (10),"'@SUM(A1) (5)",Total\nAnn Lee,17,7.5,,3\n"Ben Li",,,4,\nZoe,21,,2,2\n`
    expect(shortly(text)).toEqual({
      changes: [
        ['Ann Lee', 'Loops', 3, 7.5],
        ['Ben Li', '@SUM(A1)', null, 4],
      ],
      unchanged: 1,
      problems: [],
    })
  })

  it('of a spreadsheet in another language has semicolons and decimal commas', () => {
    expect(shortly('学号;姓名;Loops\n17;;7,5\n').changes).toEqual([['Ann Lee', 'Loops', 3, 7.5]])
  })

  it('says for each line what is wrong with it, and takes the others', () => {
    const lines = [
      ...['Name,Number,Loops', 'Ann Lee,99,1', 'Nobody,,1', 'Zoe,,1', 'Ben Li,,11', ',17,-1'],
      ...['Late,,1', ',21,1e3', '"Zoe,21,1'],
    ]
    expect(shortly(`${lines.join('\n')}\n`)).toEqual({
      ...{ changes: [], unchanged: 0 },
      problems: [
        [2, 'nobody in the class has the number 99'],
        [3, 'nobody in the class is named Nobody'],
        [4, '2 students are named Zoe; give their numbers'],
        [5, 'Loops: 11 is more than the 10 points that there are'],
        [6, 'Loops: -1 is no number of points'],
        [7, 'Late has not joined the class yet'],
        [8, 'Loops: 1e3 is no number of points'],
        [9, 'a quotation mark has no end'],
      ],
    })
    expect(shortly('Name,Loops\nBen Li,1\nBen Li,2\n')).toMatchObject({
      changes: [['Ben Li', 'Loops', null, 1]],
      problems: [[3, 'the same student as in line 2']],
    })
  })

  it('is refused when it is no grade book of the class', () => {
    expect(() => planGradebook('Loops\n1\n', book)).toThrow('says who it is')
    expect(() => planGradebook('Name,Total,Essay\nAnn Lee,1,2\n', book)).toThrow('title of an assignment')
    expect(() => planGradebook('Name,Loops,Loops (10)\nAnn Lee,1,2\n', book)).toThrow('not the only one')
    expect(planGradebook('Name,Loops,Essay\nAnn Lee,1,2\n', book).ignored).toEqual(['Essay'])
    expect(() => planGradebook('', book)).toThrow('says who it is')
  })

  it('has another digest when something else would be done', () => {
    const digest = (text: string) => planGradebook(text, book).digest
    expect(digest('Name,Loops\nAnn Lee,1\n')).toBe(digest('Name;Loops;Total\nAnn Lee;1;9\n'))
    expect(digest('Name,Loops\nAnn Lee,2\n')).not.toBe(digest('Name,Loops\nAnn Lee,1\n'))
  })
})
