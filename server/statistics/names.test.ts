import { describe, expect, it } from 'vitest'
import { distributionOf, pointsOf } from './distribution.js'
import { withoutNames } from './names.js'

const student = (name: string, more: object = {}) => ({
  name,
  number: null,
  email: null,
  username: null,
  ...more,
})

describe('what statistics say', () => {
  it('names no student', () => {
    const hide = withoutNames([
      student('Ann Lee-Kim', { email: 'alee@example.org', number: '2026017' }),
      student('王小明', { username: 'brave-otter' }),
      student("Siobhán O'Neil"),
    ])
    expect(hide('ANN failed: ann_lee, Annotation, Kim')).toBe('… failed: ann_lee, Annotation, …')
    expect(hide('hello Lee-Kim 2026017 alee x@y.org')).toBe('hello … … … …')
    expect(hide('错误：王小明的程序')).toBe('错误：…的程序')
    expect(hide("brave-otter and O'Neil")).toBe('… and …')
  })

  it('has quartiles and ten groups of points from five students on', () => {
    expect(distributionOf([1, 2, 3, 4])).toBeNull()
    expect(pointsOf([0, 1, 5, 10, 12], 10)).toMatchObject({
      ...{ students: 5, lowerQuartile: 1, median: 5, upperQuartile: 10, maxPoints: 10 },
      bins: [1, 1, 0, 0, 0, 1, 0, 0, 0, 2].map((students) => ({ students })),
    })
    expect(pointsOf([0, 0, 0, 0, 0], 0.5)?.bins[1]).toEqual({ from: 0.05, to: 0.1, students: 0 })
  })
})
