import { describe, expect, it } from 'vitest'
import { importTests } from './tests.js'

describe('tests from elsewhere', () => {
  it('are those of autograding.json, whose times are minutes', () => {
    const { tests, problems } = importTests(
      'autograding.json',
      JSON.stringify({
        tests: [
          {
            ...{ name: 'Prints hello', setup: 'make', run: './hello', input: 'Ann', output: 'hello Ann' },
            ...{ comparison: 'included', timeout: 2, points: 5 },
          },
          {
            name: 'Prints hello',
            setup: '',
            run: 'true',
            input: '',
            output: '',
            comparison: 'exact',
            extra: 1,
          },
          { name: 'Nothing', run: '' },
          'nonsense',
        ],
      }),
    )
    expect(tests).toEqual([
      {
        ...{ id: 'prints-hello', name: 'Prints hello', points: 5, timeoutSeconds: 120, setup: 'make' },
        ...{ command: './hello', input: 'Ann', expected: 'hello Ann', comparison: 'included' },
        ...{ visible: 'name' },
      },
      {
        ...{ id: 'prints-hello-2', name: 'Prints hello', points: 0, timeoutSeconds: 600, command: 'true' },
        ...{ comparison: 'exact', visible: 'name' },
      },
    ])
    expect(problems).toEqual([
      { where: 'Prints hello', problem: 'extra has no meaning here' },
      { where: 'Nothing', problem: expect.stringContaining('is left out') },
      { where: 'test 4', problem: 'is left out: it is no object' },
    ])
  })

  it('are the steps of a workflow that grade; others are listed', () => {
    const { tests, problems } = importTests(
      'classroom.yml',
      `name: Autograding Tests
on: [push]
jobs:
  run-autograding-tests:
    runs-on: ubuntu-latest
    steps:
      - name: Checkout code
        uses: actions/checkout@v4
      - name: Install
        run: pip install numpy
      - name: Shout
        id: shout
        uses: education/autograding-io-grader@v1
        with:
          test-name: Shout Test
          command: ./shout.sh
          input: hello
          expected-output: |-
            HELLO
          comparison-method: contains
          timeout: 10
          max-score: 7
      - uses: classroom-resources/autograding-python-grader@v1
        with: { test-name: Units, setup-command: pip install pytest, command: pytest, timeout: '1', max-score: '3' }
      - name: Autograding Reporter
        uses: education/autograding-grading-reporter@v1
        with: { runners: shout }
`,
    )
    expect(tests).toMatchObject([
      {
        ...{ id: 'shout-test', points: 7, timeoutSeconds: 600, command: './shout.sh', input: 'hello' },
        ...{ expected: 'HELLO', comparison: 'included' },
      },
      { id: 'units', points: 3, timeoutSeconds: 60, setup: 'pip install pytest', command: 'pytest' },
    ])
    expect(problems).toEqual([
      { where: 'Install', problem: expect.stringContaining('no step that grades') },
      { where: 'step 4', problem: expect.stringContaining('points are given as a whole') },
    ])
  })

  it('are those of Classroom 50, whose times are seconds', () => {
    const file = {
      schema: 'classroom50/tests/v1',
      defaults: { 'show-output': true },
      tests: [
        { name: 'Ünïts', type: 'run', run: 'make test', points: 2, timeout: 0 },
        {
          name: 'Adds',
          type: 'io',
          run: './add',
          input: '1 2',
          expected: '3',
          comparison: 'exact',
          timeout: 5,
        },
        { name: 'Fails', type: 'run', run: 'false', 'exit-code': 1 },
        { name: 'Files', type: 'io', run: './a', 'input-file': 'in.txt', comparison: 'exact' },
      ],
    }
    const { tests, problems } = importTests('tests.json', JSON.stringify(file))
    expect(tests).toMatchObject([
      { id: 'units', name: 'Ünïts', points: 2, timeoutSeconds: 10, command: 'make test' },
      { id: 'adds', timeoutSeconds: 5, input: '1 2', expected: '3', comparison: 'exact' },
    ])
    expect(problems).toEqual([
      { where: 'file', problem: 'defaults has no meaning here' },
      { where: 'Fails', problem: expect.stringContaining('exit status 0') },
      { where: 'Files', problem: expect.stringContaining('in.txt') },
    ])
  })

  it('are refused when the file is none of these', () => {
    expect(() => importTests('tests.json', '{')).toThrow('not JSON')
    expect(() => importTests('autograding.json', '[]')).toThrow('no list of tests')
    expect(() => importTests('classroom.yml', 'a: [')).toThrow('workflow')
    expect(() => importTests('classroom.yml', 'name: x')).toThrow('no workflow with jobs')
    const many = Array.from({ length: 201 }, (_, at) => ({ name: `t${at}`, run: 'true' }))
    expect(() => importTests('autograding.json', JSON.stringify({ tests: many }))).toThrow('more than 200')
  })
})
