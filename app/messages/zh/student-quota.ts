import type { Texts } from '../texts'

export const studentQuota: Texts<'studentQuota'> = {
  ownText: '你同时可使用的上限。老师可以修改。',
  parts: {
    awake: '运行中的沙箱',
    cpus: 'CPU',
    diskMiB: '磁盘 (MiB)',
    memoryMiB: '内存 (MiB)',
    pids: '进程',
    queuedRuns: '排队的运行',
    runs: '同时运行',
    runStorageMiB: '保存的运行 (MiB)',
    sandboxes: '沙箱',
    snapshots: '快照',
  },
  save: '保存',
  saved: '已保存',
  text: '留空则沿用框中显示的数值。任何一名学生都不会占满同学所需的资源。',
  title: '每名学生的配额',
}
