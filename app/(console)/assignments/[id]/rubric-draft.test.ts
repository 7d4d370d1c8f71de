import { expect, it } from 'vitest'
import { draftsOfRubric, newCriterion, rubricOf } from './rubric-draft'

it('reads a rubric as it is written, with ids that stay', () => {
  const first = {
    ...newCriterion([]),
    title: 'Clear names',
    levels: ' 0\n\n2.5  Most are clear \n4 所有命名',
  }
  const second = { ...newCriterion([first]), title: '测试', levels: '1,5 some' }
  const rubric = [
    {
      ...{ id: 'clear-names', title: 'Clear names' },
      levels: [
        { points: 0, text: '' },
        { points: 2.5, text: 'Most are clear' },
        { points: 4, text: '所有命名' },
      ],
    },
    { id: 'criterion', title: '测试', levels: [{ points: 1.5, text: 'some' }] },
  ]
  expect(rubricOf([first, second])).toEqual({ rubric })
  expect(rubricOf(draftsOfRubric(rubric))).toEqual({ rubric })
})

it('says which criterion has a level without points, or none', () => {
  const one = { ...newCriterion([]), title: 'Names', levels: '1 good' }
  for (const levels of ['', 'good', '1 good\nbad', '-1 bad', '1x']) {
    expect(rubricOf([one, { ...one, title: 'Tests', levels }])).toEqual({ wrong: 'Tests' })
  }
})
