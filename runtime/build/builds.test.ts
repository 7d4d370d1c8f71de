import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../../protocol/api/index.js'
import { runtimeSandbox } from '../../protocol/node/index.js'
import { dir, type Entry, file, tar } from '../../testing/images.js'
import { buildsOf, importTiny } from '../testing/builds.js'
import { type Instance, lonelyNamespace, startInstance } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'

describe('a build', () => {
  let namespace: AsyncDisposable
  let cloche: Instance
  const tenantId = newId('tn')

  const { begin, build, good, inside, nothingIsLeft } = buildsOf(() => cloche, tenantId)

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    cloche = await startInstance(testInstance)
    await importTiny(cloche)
  })
  afterAll(async () => {
    await cloche[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  it('makes a template of stages, each step on what is below it', async () => {
    const built = await good(
      [
        ...['FROM tiny AS build', 'ARG WHO=nobody', 'WORKDIR /src', 'COPY hello.txt .'],
        ...['RUN cat hello.txt >out && echo "for $WHO at $(pwd) as $(id -un)" >>out && tty', ''],
        ...[
          'FROM scratch',
          'COPY --from=tiny /bin /bin',
          'COPY --from=tiny /usr/ /usr/',
          'COPY --from=tiny /etc/passwd /etc/',
        ],
        ...['COPY --from=build --chown=app --chmod=640 /src/out /data/result', 'ENV A=1', 'USER app'],
        ...[
          'WORKDIR /data',
          'ENTRYPOINT ["/bin/cat"]',
          'CMD ["result"]',
          'LABEL made=here',
          'EXPOSE 80',
          'STOPSIGNAL INT',
        ],
      ].join('\n'),
      [file('hello.txt', 'hello\n')],
      { args: { WHO: 'somebody' } },
    )
    expect(built.log).toContain('/dev/pts/')
    expect(built.steps).toEqual(built.steps.map(() => 'done'))
    expect(await inside('cat result; stat -c "%u:%g %a" result; echo $A; id -un')).toBe(
      'hello\nfor somebody at /src as root\n70:71 640\n1\napp\n',
    )
    const last = built.events.at(-1)
    expect(last).toMatchObject({
      template: {
        image: {
          ...{ entrypoint: ['/bin/cat'], cmd: ['result'], labels: { made: 'here' }, ports: ['80/tcp'] },
          ...{ user: 'app', workingDirectory: '/data', stopSignal: 'SIGINT' },
        },
      },
    })
    nothingIsLeft()
  })

  it('says what its sandboxes start, and when that is ready', async () => {
    const read = async (id: string) => {
      const answer = await cloche.call('GET', `/sandboxes/${id}`)
      return runtimeSandbox.parse(JSON.parse(answer.text)).service
    }
    const start = 'echo $$ $(id -un) >>/tmp/begun; exec sleep 99'
    await good(`FROM tiny\nUSER app\nLABEL cloche.start="echo other"`, [], {
      ...{ start, ready: 'test -e /tmp/works' },
    })
    const { id } = await cloche.claim({ template: 'built', network: 'none' })
    await expect.poll(() => read(id), { timeout: 20_000 }).toMatchObject({ health: 'starting' })
    await expect.poll(async () => (await cloche.exec(id, 'cat /tmp/begun')).stdout).toMatch(/^\d+ app\n$/)
    await cloche.exec(id, 'touch /tmp/works')
    await expect
      .poll(() => read(id), { timeout: 20_000 })
      .toMatchObject({ state: 'running', health: 'healthy' })
    await cloche.call('DELETE', `/sandboxes/${id}`)
    // One that is asked for has its place, and a template on this one says the same.
    const other = await cloche.claim({
      ...{ template: 'built', network: 'none' },
      service: {
        user: 'user',
        restart: 'no',
        wanted: true,
        command: ['sleep', '98'],
        entrypoint: ['/bin/busybox'],
      },
    })
    await expect.poll(() => read(other.id)).toMatchObject({ state: 'running' })
    expect((await cloche.exec(other.id, 'cat /tmp/begun')).exit?.exitCode).not.toBe(0)
    await cloche.call('DELETE', `/sandboxes/${other.id}`)
    expect((await good('FROM tiny\nENV A=1')).events.at(-1)).toMatchObject({
      template: { image: { labels: {} } },
    })
    const without = await cloche.claim({ template: 'built', network: 'none' })
    expect(await read(without.id)).toBeNull()
    await cloche.call('DELETE', `/sandboxes/${without.id}`)
  })

  it('does again only what has changed, and what comes after it', async () => {
    const text = (end = 'echo end') =>
      `FROM tiny\nARG V=1\nCOPY a /a\nRUN date +%N >/first; echo $V\nCOPY dir /dir\nRUN ${end}`
    const files = (a = '1', b = '2', mode = 0o644) => [file('a', a, { mode }), dir('dir'), file('dir/b', b)]
    expect((await good(text(), files())).steps).toEqual(['done', 'done', 'done', 'done'])
    const first = await inside('cat /first')
    expect((await good(text(), files())).steps).toEqual(['cached', 'cached', 'cached', 'cached'])
    expect(await inside('cat /first')).toBe(first)
    // Another file, mode, argument, command, name; times of files and the order of the archive do not count.
    expect((await good(text(), files('1', '3'))).steps).toEqual(['cached', 'cached', 'done', 'done'])
    expect((await good(text(), files('1', '2', 0o600))).steps).toEqual(['done', 'done', 'done', 'done'])
    expect((await good(text(), files(), { args: { V: '2' } })).steps).toEqual([
      'cached',
      'done',
      'done',
      'done',
    ])
    expect((await good(text('echo other'), files())).steps).toEqual(['cached', 'cached', 'cached', 'done'])
    expect((await good(text(), files().toReversed())).steps).toEqual(['cached', 'cached', 'cached', 'cached'])
    expect((await good(text(), files(), { args: { http_proxy: 'http://p' } })).steps).toEqual([
      ...['cached', 'cached', 'cached', 'cached'],
    ])
    expect((await good(text(), files(), { noCache: true })).steps).toEqual(['done', 'done', 'done', 'done'])
    // What another tenant has made is nobody else's.
    expect((await good(text(), files(), { tenantId: newId('tn') })).steps).toEqual([
      'done',
      'done',
      'done',
      'done',
    ])
  })

  it('copies as COPY and ADD do', async () => {
    const archive = gzipSync(tar([dir('in'), file('in/tar', 'from a tar', { uid: 5, gid: 6 })]))
    const files = [
      ...[
        dir('d'),
        file('d/one', '1', { mode: 0o755 }),
        file('d/two.md', '2'),
        dir('d/sub'),
        file('d/sub/three', '3'),
      ],
      ...[
        { name: 'd/link', flag: '2', target: 'one' },
        file('a1', 'a1'),
        file('a2', 'a2'),
        file('x.tgz', archive),
      ],
      ...[file('.dockerignore', '**/*.md\nd/sub\n!d/sub/three\nhidden\n'), file('hidden', 'h')],
    ]
    await good(
      [
        ...[
          'FROM tiny',
          'COPY d /copied',
          'COPY a? d/on[e] /many/',
          'ADD x.tgz /added',
          'COPY x.tgz /plain/',
        ],
        ...[
          'COPY <<one <<"two" /inline/',
          'V=$BASE',
          'one',
          'V=$BASE',
          'two',
          'WORKDIR /w',
          'COPY a1 renamed',
        ],
        ...['COPY --chown=app:0 --chmod=0700 d /owned', 'COPY d /bin'],
        ...['RUN rm -r /old && mkdir /old && echo c >/old/c && mv /many /moved && chmod 4755 /w/renamed'],
        ...['RUN chown app /w/renamed /tmp && ln -s /etc /link && mkdir /opaque'],
      ].join('\n'),
      files,
    )
    expect(
      await inside(
        'cd /copied; find . | tr "\\n" " "; cat link; stat -c %a:%u one; cd /; cat /moved/a1 /moved/a2 /moved/one; cat /added/in/tar; ' +
          'test -s /plain/x.tgz && cat /inline/one /inline/two /w/renamed; stat -c "%a %u %g" /owned /owned/sub /w/renamed; ' +
          'ls /old; test -L /bin && cat /usr/bin/one; test -e /many || echo moved; test -e /hidden || stat -c %U /tmp',
      ),
    ).toBe(
      '. ./link ./one ./sub ./sub/three 1755:0\na1a21from a tarV=1\nV=$BASE\na1700 70 0\n700 70 0\n755 70 0\nc\n1moved\napp\n',
    )
    expect((await build('FROM tiny\nCOPY hidden /x', files)).error).toContain('there is no "hidden" to copy')
    expect((await build('FROM tiny\nCOPY a? /x', files)).error).toContain('has to end with a slash')
    expect((await build('FROM tiny\nCOPY a1 /bin/sh/x', files)).error).toContain('/bin/sh is no directory')
  })

  it('never follows a link out of the image, and refuses what leads out of the context', async () => {
    const secret = '/etc/hostname'
    const links = [
      { name: 'abs', flag: '2', target: secret },
      { name: 'up', flag: '2', target: '../../../../../../../etc/hostname' },
      { name: 'dir', flag: '2', target: '/' },
      file('f', 'mine'),
    ]
    for (const source of ['abs', 'up', 'dir/etc/hostname', '../../etc/hostname', 'dir/../../etc/hostname'])
      expect((await build(`FROM tiny\nCOPY ${source} /x`, links)).error).toContain('to copy')
    const before = readdirSync('/etc').length
    await good(
      'FROM tiny\nCOPY f /outside/cloche-escaped\nRUN ln -s / /up\nCOPY f /up/up/outside/cloche-two',
      links,
    )
    expect(readdirSync('/etc').length).toBe(before)
    expect(await inside('cat /etc/cloche-escaped /etc/cloche-two')).toBe('minemine')
    const bad = (...entries: Entry[]) =>
      build('', tar([file('Dockerfile', 'FROM tiny\nCOPY . /x'), ...entries]))
    for (const entry of [
      file('../escaped', 'x'),
      file('/etc/escaped', 'x'),
      { name: 'dev', flag: '3' },
      { name: 'hard', flag: '1', target: '../../../../etc/passwd' },
    ]) {
      expect(await bad(entry)).toMatchObject({ status: 400 })
    }
    expect(await bad({ name: 'link', flag: '2', target: '/' }, file('link/escaped', 'x'))).toMatchObject({
      status: 400,
    })
    expect(await build('', Buffer.from('no tar at all'))).toMatchObject({ status: 400 })
    expect(await build('', Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3]))).toMatchObject({ status: 400 })
    nothingIsLeft()
  })

  it('refuses what it does not support before anything runs', async () => {
    const ran = await build('FROM tiny\nRUN echo ran >/x\nADD https://example.com /x')
    expect(ran).toMatchObject({ status: 400, events: [] })
    expect(ran.text).toContain('Dockerfile line 3')
    expect((await build('FROM other')).text).toContain('there is no template')
    expect((await build('', tar([file('x')]))).text).toContain('no file')
    expect((await build('FROM tiny', [], { template: 'base' })).text).toContain('built from a recipe')
  })

  it('shows secrets to the step that asks for them, and leaves them nowhere', async () => {
    const value = 'correct-horse-battery-staple'
    const secrets = [{ id: 'key', value: Buffer.from(`${value}\n`).toString('base64') }]
    const text = [
      ...['FROM tiny', 'RUN --mount=type=secret,id=key cat /run/secrets/key; stat -c %a:%u /run/secrets/key'],
      ...['RUN --mount=type=secret,id=key,env=KEY test -n "$KEY" && echo has $KEY'],
      ...['RUN test ! -e /run/secrets/key && test -z "$KEY"', 'USER app'],
      ...['RUN --mount=type=secret,id=key,uid=70,target=/run/k head -c 7 /run/k'],
    ].join('\n')
    const built = await good(text, [], { secrets })
    expect(built.log).toContain('***')
    expect(built.log).toContain('400:0')
    expect(built.log).toContain('correct')
    expect(built.text).not.toContain(value)
    const found = (path: string) => {
      try {
        return execFileSync('grep', ['-rl', value, path], { encoding: 'utf8' })
      } catch {
        return ''
      }
    }
    expect(found(cloche.disk) + found(cloche.home) + found(`/run/cloche/${testInstance}/scratch`)).toBe('')
    // Another value is no other build.
    const other = [{ id: 'key', value: Buffer.from('other').toString('base64') }]
    expect((await good(text, [], { secrets: other })).steps).toEqual(['cached', 'cached', 'cached', 'cached'])
  })

  it('holds steps to their limits, as a user namespace of the tenant', async () => {
    expect((await build('FROM tiny\nRUN exit 7')).error).toBe('Dockerfile line 2: RUN ended with exit code 7')
    expect((await build('FROM tiny\nRUN dd if=/dev/zero of=/x bs=1M count=200')).error).toContain(
      'is full: it holds 64 MiB',
    )
    expect((await build('FROM tiny\nRUN x() { x | x & }; x; sleep 2; exit 3')).error).toContain('RUN ')
    expect((await build('FROM tiny\nRUN ["/bin/nothing"]')).error).toContain('Dockerfile line 2')
    expect((await build('FROM scratch\nRUN x')).error).toContain('Dockerfile line 2')
    expect((await build('FROM tiny\nRUN mknod /dev/sda b 8 0')).error).toContain('exit code')
    expect((await build('FROM tiny\nRUN sleep 100', [], { timeoutSeconds: 1 })).error).toContain(
      'longer than 1 s',
    )
    expect((await build(`FROM tiny\nCOPY f /f`, [file('f', Buffer.alloc(80 * 1024 ** 2))])).error).toContain(
      'is full: it holds 64 MiB',
    )
    expect(
      (await build('FROM tiny\nRUN dd if=/dev/zero of=/x bs=1M count=9', [], { bytesMax: 8 * 1024 ** 2 }))
        .error,
    ).toContain('the quota of disk has 8 MiB left')
    // The host sees the file as nobody of its own.
    await good('FROM tiny\nRUN grep -q " 65536$" /proc/self/uid_map && grep -qv "^ *0 *0" /proc/self/uid_map')
    nothingIsLeft()
  })

  it('ends when it is canceled, and is found where it was', async () => {
    const text = 'FROM tiny\nRUN echo one >/one\nRUN echo running && sleep 1000'
    let heard = () => {}
    const running = new Promise<void>((resolve) => {
      heard = resolve
    })
    const begun = begin(text, [], {}, (all) => {
      if (all.includes('running\\r\\n')) heard()
    })
    await running
    // Meanwhile what it uses cannot be deleted.
    expect((await cloche.call('DELETE', '/templates/tiny')).text).toContain(begun.id)
    begun.cancel()
    await begun.answer
    await expect.poll(nothingIsLeft).toBeUndefined()
    expect((await good('FROM tiny\nRUN echo one >/one\nRUN true')).steps).toEqual(['cached', 'done'])
  })

  it('leaves nothing half-made when the runtime is killed in the middle', async () => {
    const text = 'FROM tiny\nRUN echo two >/two\nRUN echo running && sleep 1000'
    let kill = () => {}
    const running = new Promise<void>((resolve) => {
      kill = resolve
    })
    const begun = begin(text, [], { template: 'killed' }, (heard) => {
      if (heard.includes('running\\r\\n')) kill()
    })
    await running
    await cloche.restart()
    await begun.answer
    await expect.poll(nothingIsLeft).toBeUndefined()
    expect((await cloche.call('GET', '/templates/unlisted')).text).not.toContain('killed')
    expect((await good('FROM tiny\nRUN echo two >/two\nRUN true')).steps).toEqual(['cached', 'done'])
  })

  it('bounds its log, and how many there are', async () => {
    const noisy = await good('FROM tiny\nRUN dd if=/dev/zero bs=1M count=6 | tr "\\0" x')
    expect(noisy.log.length).toBeLessThan(4.2 * 1024 ** 2)
    expect(noisy.log).toContain('the rest is left out')
    const slow = [1, 2].map((n) =>
      begin(`FROM tiny\nRUN echo ${n}; sleep 1000`, [], { template: `slow${n}` }, () => {}),
    )
    await expect
      .poll(async () => (await build('FROM tiny', [], { template: 'third' })).text)
      .toContain('2 builds at once')
    for (const { cancel } of slow) cancel()
    await Promise.all(slow.map(({ answer }) => answer))
  })

  it('builds on a recipe, whose sandboxes keep their user', async () => {
    await good('FROM base\nRUN id -u >/who && pwd >>/who', [], {
      template: 'over-base',
      tenantId: newId('tn'),
    })
    expect(await inside('cat /who; id -un; pwd', 'over-base')).toBe('0\n/\nuser\n/home/user\n')
  })
})
