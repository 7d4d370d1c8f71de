import { describe, expect, it } from 'vitest'
import { decode } from '../spreadsheets/decode.js'
import { type Now, planRoster } from './roster/plan.js'
import { readRoster } from './roster/read.js'

const utf16 = (text: string, big: boolean) => {
  const bytes = Buffer.from(text, 'utf16le')
  return big ? bytes.swap16() : bytes
}
/** 姓名,学号 / 王芳,7 in GB18030. */
const gb18030 = Buffer.from('d0d5c3fb2cd1a7bac50acdf5b7bc2c370a', 'hex')

const student = (id: string, name: string, more: object = {}) => ({
  ...{ id, userId: null, name, number: null, email: null, accountEmail: null, username: null },
  ...{ hasCode: false, sectionId: null, groupId: null, joinedAt: null, ...more },
})
const now = (students: Now['students'] = []): Now => ({
  ...{ classId: 'cl', students, sections: [{ id: 's1', name: 'Tuesday' }], groups: [] },
  staff: new Set(['head@example.org']),
  links: true,
})
const planned = (text: string, students: Now['students'] = [], remove = false) =>
  planRoster(readRoster(text), now(students), remove).preview

describe('a roster', () => {
  it('is read in the encodings that spreadsheets write', () => {
    const text = 'Name,Number\nZoë 王芳,7\n'
    for (const [what, bytes] of Object.entries({
      utf8: Buffer.from(text),
      utf8Marked: Buffer.from(`\uFEFF${text}`),
      utf16Marked: utf16(`\uFEFF${text}`, false),
      utf16BigMarked: utf16(`\uFEFF${text}`, true),
      utf16: utf16(text, false),
      utf16Big: utf16(text, true),
      carriageReturns: Buffer.from(text.replaceAll('\n', '\r\n')),
    })) {
      expect(decode(bytes), what).toBe(text)
    }
    expect(decode(gb18030)).toBe('姓名,学号\n王芳,7\n')
    expect(() => decode(Buffer.from([0x41, 0xff, 0x41]))).toThrow('is no text')
    expect(() => decode(Buffer.from('Name\nA\0B\n'))).toThrow('is no text')
  })

  it('is read with any separator, headings in English and Chinese, and line ends in cells', () => {
    const rows = (text: string) => readRoster(text).rows
    const wanted = { name: 'Ann Lee', number: '7', section: 'Tuesday' }
    for (const text of [
      'Full name,Student ID,Section,Grade\n"Ann\nLee",7,Tuesday,A\n',
      'Student number;Name;Section\r\n7;Ann Lee;Tuesday\n'.replaceAll('\r', ''),
      'NAME\tNo.\tsection\nAnn Lee\t7\tTuesday',
      '姓名，学号，分班\nAnn Lee，7，Tuesday\n',
      'First name,Last name,ID,Section\nAnn,Lee,7,Tuesday\n\n,,,\n',
    ]) {
      expect(rows(text), text).toMatchObject([wanted])
    }
    expect(rows('姓,名\n王,芳\n')).toMatchObject([{ name: '王芳' }])
    expect(rows('Name,Email\n"Smith, ""Jo""",JO@Example.org\n')).toMatchObject([
      { name: 'Smith, "Jo"', email: 'jo@example.org', number: undefined },
    ])
    expect(() => readRoster('7,8\n1,2\n')).toThrow('no column with names')
    expect(() => readRoster('Name,Student name\nA,B\n')).toThrow('mean the same')
  })

  it('tells the line of each problem, also after cells of several lines', () => {
    const { rows, problems } = readRoster(
      ['Name,Email', '"Ann', 'Lee",ann@example.org', ',none@example.org', 'Ben,ben', 'C"at,', '"Dan,'].join(
        '\n',
      ),
    )
    expect(rows).toMatchObject([
      { line: 2, name: 'Ann Lee' },
      { line: 6, name: 'C"at' },
    ])
    expect(problems).toMatchObject([
      { line: 4, problem: 'the name is missing' },
      { line: 5, problem: 'ben is not an e-mail address' },
      { line: 7, problem: expect.stringContaining('quotation mark') },
    ])
  })

  it('finds students by sign-in name, number, address or a name that only one has', () => {
    const there = [
      student('1', 'Ann', { number: '7', sectionId: 's1' }),
      student('2', 'Ben', { email: 'ben@example.org' }),
      student('3', 'Cat', { userId: 'u3', username: 'brave-otter-417' }),
      student('4', 'Eve'),
      student('5', 'Eve', { number: '9' }),
    ]
    const preview = planned(
      [
        'Name,Number,Email,Section,Sign-in name',
        'Ann Lee,7,,Friday,',
        'Ben,8,BEN@example.org,,',
        'Cat,,,,brave-otter-417',
        'Eve,,,,',
        'New,10,,Tuesday,',
        'Again,10,,,',
        'Head,,head@example.org,,',
        'Ben,7,ben@example.org,,',
        'Ghost,,,,no-such-111',
      ].join('\n'),
      there,
    )
    expect(preview.changed).toMatchObject([
      {
        id: '1',
        changes: [
          { field: 'name', from: 'Ann', to: 'Ann Lee' },
          { field: 'section', from: 'Tuesday', to: 'Friday' },
        ],
      },
      { id: '2', changes: [{ field: 'number', from: null, to: '8' }] },
    ])
    expect(preview).toMatchObject({ unchanged: 1, sections: ['Friday'], removed: [] })
    expect(preview.added).toMatchObject([{ line: 6, name: 'New', section: 'Tuesday', account: true }])
    expect(preview.problems.map(({ line, problem }) => `${line} ${problem}`)).toEqual([
      '5 2 students are called Eve; give their numbers',
      '7 the same student as in line 6',
      '8 head@example.org belongs to the staff of the tenant',
      '9 the same student as in line 2',
      '10 no student of this class signs in as no-such-111',
    ])
  })

  it('leaves what it has no column for, and takes out who is missing only when asked', () => {
    const there = [
      student('1', 'Ann', { number: '7', sectionId: 's1' }),
      student('2', 'Ben', { number: '8' }),
    ]
    expect(planned('Name,Number\nAnn,7\n', there)).toMatchObject({ unchanged: 1, changed: [], removed: [] })
    expect(planned('Name,Number\nAnn,7\n', there, true).removed).toEqual([{ id: '2', name: 'Ben' }])
    expect(planned('Name,Number,Section\nAnn,7,\n', there).changed).toMatchObject([
      { changes: [{ field: 'section', from: 'Tuesday', to: null }] },
    ])
  })

  it('has another digest whenever something else would be done', () => {
    const text = 'Name,Number\nAnn,7\n'
    const digests = [
      planned(text),
      planned(text, [], true),
      planned(text, [student('1', 'Ann', { number: '7' })]),
      planned(text, [student('2', 'An', { number: '7' })]),
      planned('Name,Number\nAnn,8\n'),
    ].map(({ digest }) => digest)
    expect(new Set(digests).size).toBe(5)
    expect(planned(text).digest).toBe(digests[0])
  })

  it('has at most 5,000 students', () => {
    const lines = (count: number) =>
      `Name,Number\n${Array.from({ length: count }, (_, at) => `P${at},${at}`).join('\n')}`
    expect(planned(lines(5000)).added).toHaveLength(5000)
    expect(() => readRoster(lines(5001))).toThrow('5001 lines')
    expect(() => readRoster(lines(100_000))).toThrow('at most 5000')
  })
})
