import { describe, expect, it } from 'vitest'
import { emptyConfig, planBuild } from './planning.js'

const base = { ...emptyConfig, env: { PATH: '/bin', FROM_BASE: 'yes' }, cmd: ['old'] }
const plan = (dockerfile: string, more: object = {}) =>
  planBuild({
    ...{ dockerfile, args: {}, secrets: new Set(['key']), architecture: 'amd64' },
    template: (name) => (name === 'base' ? base : undefined),
    ...more,
  })
const only = (dockerfile: string, more: object = {}) => {
  const [stage] = plan(dockerfile, more).stages
  if (stage === undefined) throw new Error('no stage')
  return stage
}
const step = (dockerfile: string, more: object = {}) => only(`FROM base\n${dockerfile}`, more).steps[0]

describe('a Dockerfile', () => {
  it('puts values in place of variables, of the environment before those of arguments', () => {
    const stage = only(
      [
        ...['ARG TAG=base', 'FROM ${TAG}:latest AS one', 'ARG A=1', 'ARG TAG', 'ENV A=2 B="x y" C=a\\ b'],
        ...[
          "ENV D=${A}-${NONE:-none}-${B:+set}-'$A'-\\$A",
          'WORKDIR /srv',
          'WORKDIR app/../web',
          'USER $TAG',
        ],
        ...['LABEL a=b "c d"="e"', 'EXPOSE 80 53/UDP', 'STOPSIGNAL QUIT', 'ENTRYPOINT ["a", "b"]'],
        ...['VOLUME /data logs', 'VOLUME ["/var/lib/${A}"]'],
      ].join('\n'),
      { args: { A: '5' } },
    )
    expect(stage.config).toMatchObject({
      env: { FROM_BASE: 'yes', A: '2', B: 'x y', C: 'a b', D: '2-none-set-$A-$A' },
      ...{ workingDirectory: '/srv/web', user: { stated: 'base' }, labels: { a: 'b', 'c d': 'e' } },
      ...{ ports: ['80/tcp', '53/udp'], stopSignal: 'SIGQUIT', entrypoint: ['a', 'b'], cmd: [] },
      volumes: ['/data', '/srv/web/logs', '/var/lib/${A}'],
    })
    expect(stage.steps.map(({ text }) => text)).toEqual([
      ...['WORKDIR /srv', 'WORKDIR /srv/web'],
      ...['VOLUME /data', 'VOLUME /srv/web/logs', 'VOLUME /var/lib/${A}'],
    ])
  })

  it('joins lines, leaves comments out and keeps what the shell is to see', () => {
    expect(step('RUN a "b  c" \\\n# no\n\n  && d $X')).toMatchObject({
      ...{ line: 2, args: ['/bin/sh', '-c', 'a "b  c"   && d $X'] },
    })
    expect(step('# escape?\nSHELL ["/bin/bash", "-ec"]\nRUN x')).toMatchObject({
      args: ['/bin/bash', '-ec', 'x'],
    })
    expect(step('RUN ["/bin/a", "$X"]')).toMatchObject({ args: ['/bin/a', '$X'] })
  })

  it.each([
    ['on one line', 'RUN --a=b '.concat('--a=b '.repeat(10_000)), 'more than 32 flags'],
    [
      'on many lines',
      `COPY ${'--a '.repeat(20)}\\\n${'--a '.repeat(20)}\\  \n# no\n\n--b x y`,
      'more than 32 flags',
    ],
    [
      'with another escape',
      `# escape=\`\nFROM base\nRUN ${`${'--a '.repeat(20)}\`\n`.repeat(2)} x`,
      'more than 32 flags',
    ],
    ['that is long', `RUN x${' \\\n'.repeat(350_000)}`, 'larger than 64 KiB'],
    ['of many lines', `RUN x${' \\\n'.repeat(3000)}`, 'more than 3000 lines'],
    ['of many heredocs', 'RUN <<A\nA\n'.repeat(300), 'more than 200 heredocs'],
  ])('refuses before it is parsed what the parser would take long for: an instruction %s', (_, text, why) => {
    expect(() => plan(text.startsWith('#') ? text : `FROM base\n${text}`)).toThrow(why)
  })

  it('takes programs with as many options as they like', () => {
    const options = '--option '.repeat(1000).trim()
    expect(step(`RUN program ${options}`)).toMatchObject({ args: ['/bin/sh', '-c', `program ${options}`] })
    expect(step(`RUN <<A\nconfigure ${options}\nA`)).toMatchObject({
      args: ['/bin/sh', '-c', `configure ${options}\n`],
    })
  })

  it('reads heredocs', () => {
    expect(step('RUN <<EOF\nset -e\necho $HOME\nEOF')).toMatchObject({
      args: ['/bin/sh', '-c', 'set -e\necho $HOME\n'],
    })
    expect(step('RUN cat <<-A >/x && cat <<B\n\tone\n\tA\ntwo\nB\n')).toMatchObject({
      args: ['/bin/sh', '-c', 'cat <<A >/x && cat <<B\none\nA\ntwo\nB\n'],
    })
    expect(step('RUN <<EOF\n#!/usr/bin/env python3\nprint(1)\nEOF')).toMatchObject({
      script: '#!/usr/bin/env python3\nprint(1)\n',
    })
    expect(step(`ARG V=7\nCOPY <<a <<'b' /d/\n$V\na\n$V\nb`)).toMatchObject({
      ...{
        target: '/d/',
        inline: [
          { name: 'a', content: '7\n' },
          { name: 'b', content: '$V\n' },
        ],
      },
    })
  })

  it('begins a stage with the shell and the arguments of the one that it is built on', () => {
    const text = 'FROM base AS a\nARG A=1\nSHELL ["/bin/bash", "-c"]\nFROM a\nRUN echo $A\nFROM base\nRUN x'
    expect(plan(text, { target: '1' }).stages[1]?.steps).toMatchObject([
      { args: ['/bin/bash', '-c', 'echo $A'], env: { A: '1' } },
    ])
    expect(plan(text).stages[0]?.steps[0]).toMatchObject({ args: ['/bin/sh', '-c', 'x'] })
    expect(plan(text).stages[0]?.steps[0]).not.toMatchObject({ env: { A: '1' } })
  })

  it('has no argument that it was not given', () => {
    expect(step('ARG constructor=1\nRUN x')).toMatchObject({ env: { constructor: '1' } })
  })

  it('builds only stages that the target needs, by name or number', () => {
    const text =
      'FROM base AS a\nRUN 1\nFROM base AS b\nRUN 2\nFROM a AS c\nCOPY --from=0 x y\nFROM scratch\nCOPY --from=c / /'
    const names = (target?: string) => plan(text, { target }).stages.map(({ name }) => name)
    expect(names()).toEqual(['a', 'c', '3'])
    expect(names('B')).toEqual(['b'])
    expect(names('2')).toEqual(['a', 'c'])
  })

  it('knows secrets, and proxies that are no part of the key', () => {
    const run = step('RUN --mount=type=secret,id=key --mount=type=secret,id=other x', {
      args: { HTTP_PROXY: 'p' },
    })
    expect(run).toMatchObject({
      secrets: [{ id: 'key', target: '/run/secrets/key', mode: 0o400 }],
      ...{ proxies: { HTTP_PROXY: 'p' }, env: base.env },
    })
  })

  it.each([
    ['FROM nowhere', 'line 1: there is no template "nowhere"'],
    ['FROM docker.io/library/alpine:3', 'Images of registries are imported'],
    ['FROM --platform=linux/s390x base', 'line 1: this machine is linux/amd64'],
    ['RUN x', 'line 1: "RUN" stands before the first FROM'],
    ['FROM base\n\nFOO x', 'line 3: "FOO" is no instruction'],
    ['FROM base\nONBUILD RUN x', 'line 2: ONBUILD is not supported'],
    ['FROM base\nADD https://example.com/x /', 'line 2: ADD of an address'],
    ['FROM base\nRUN --mount=type=cache,target=/x y', 'line 2: RUN --mount=type=cache'],
    ['FROM base\nRUN --mount=type=bind,target=/x y', 'line 2: RUN --mount=type=bind'],
    ['FROM base\nRUN --mount=type=secret,id=key,target=/etc/x y', 'below /run only'],
    ['FROM base\nRUN --mount=type=secret,id=key,target=/run/../etc y', 'below /run only'],
    ['FROM base\nRUN --mount=type=secret,id=no,required=true y', 'line 2: the secret no was not given'],
    ['FROM base\nRUN --security=insecure y', 'line 2: RUN --security'],
    ['FROM base\nCOPY --parents a b', 'line 2: COPY --parents'],
    ['FROM base\nCOPY a', 'line 2: COPY takes'],
    ['FROM base\nCOPY --from=3 a b', 'line 2: there is no stage 3'],
    ['FROM base\nCOPY --chmod=u+x a b', 'line 2: --chmod takes an octal number'],
    ['FROM base\nENV 1=2', 'line 2: "1" is no name'],
    ['FROM base\nENV A="', 'line 2: a quotation mark'],
    ['FROM base\nENV A=${B', 'line 2: the variable ${B'],
    ['FROM base\nENV A=${B#c}', 'of a form that is not supported'],
    ['FROM base\nSTOPSIGNAL no', 'line 2: "no" is no signal'],
    ['FROM base\nEXPOSE all', 'line 2: EXPOSE takes ports'],
    ['FROM base\nCOPY <<A /x\n1', 'line 2: the heredoc A has no end'],
    ['FROM base\nCOPY <<A <<A /x/\n1\nA\n2\nA', 'line 2: there are two heredocs A'],
    [`FROM base\nENV A=${'${A:-'.repeat(12_000)}`, 'line 2: variables stand within each other'],
    [`FROM base\nWORKDIR /${'x'.repeat(300)}`, 'is too long'],
    [`FROM base\nCOPY a ${'/x'.repeat(2500)}`, 'is too long'],
    ['FROM base AS a\nFROM base AS A', 'line 2: there are two stages a'],
    ['', 'has no FROM'],
    [`FROM base\nENV A=0123456789\n${'ENV A=$A$A$A$A$A$A$A$A\n'.repeat(9)}`, 'longer than'],
  ])('%s is refused', (text, message) => {
    expect(() => plan(text)).toThrow(message)
  })

  it.each([
    ['labels', (n: number) => `LABEL k${n}=$B`],
    ['arguments', (n: number) => `ARG k${n}=$B`],
    ['variables', (n: number) => `ENV k${n}=$B`],
  ])('does not grow without end by %s', (_, line) => {
    const lines = Array.from({ length: 2500 }, (_, n) => line(n)).join('\n')
    const args = { A: 'x'.repeat(32_000) }
    expect(() => plan(`FROM base\nARG A\nARG B=$A$A$A$A\n${lines}`, { args })).toThrow(/too (many|long)/)
    expect(() => plan(`FROM base\n${lines}`)).toThrow('too many variables and labels')
    expect(() => plan(`FROM base\nENV B=1\n${line(0)}`)).not.toThrow()
  })

  it('does not grow without end by arguments before the first stage, by words or by steps', () => {
    const many = Array.from({ length: 1200 }, (_, n) => `g${n}=`).join(' ')
    expect(() => plan(`ARG ${many}\nFROM base`)).toThrow('too many variables')
    const long = { A: 'x'.repeat(32_000) }
    const words = `USER $A\n`.repeat(180)
    expect(() => plan(`FROM base\nARG A\n${words}`, { args: long })).toThrow('line 134: the instructions')
    const stages = Array.from({ length: 6 }, () => `FROM base\n${'RUN x\n'.repeat(200)}`).join('')
    expect(() => plan(stages)).toThrow('line 1007: the Dockerfile has more than 1000 steps')
  })

  it('is bounded, and has no target that it does not name', () => {
    expect(() => plan(`FROM base\n${'RUN x\n'.repeat(201)}`)).toThrow('more than 200 steps')
    expect(() => plan(`FROM base\nRUN ${'x'.repeat(70_000)}`)).toThrow('larger than 64 KiB')
    expect(() => plan('FROM base', { target: 'x' })).toThrow('no stage "x"')
  })
})
