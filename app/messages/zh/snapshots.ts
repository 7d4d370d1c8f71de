/** Snapshots and forks of sandboxes. */
export const snapshots = {
  ask: {
    createFrom: '用 {name} 新建沙箱？',
    delete: '删除 {name}？',
    restore: '恢复到 {name}？',
  },
  askText: {
    createFrom: '新沙箱以快照中的文件开始，资源限制与原沙箱相同。',
    delete: '快照将被永久删除。由它创建的沙箱会保留各自的文件。',
    restore: '{sandbox} 的磁盘将回到此快照，其中运行的程序会被终止。恢复前会先为当前磁盘创建一个快照。',
  },
  createFrom: '新建沙箱',
  current: '来源',
  delete: '删除快照',
  deleted: '已删除快照 {name}。',
  fork: '派生',
  name: '名称',
  nameHint: '留空则自动命名',
  none: '还没有快照',
  noneText: '快照保留磁盘此刻的内容。由于不复制数据，瞬间即可完成。',
  restore: '恢复',
  restored: '已恢复到 {name}。恢复前的磁盘保存为 {before}。',
  size: '{size}，其中独占 {own}',
  take: '创建快照',
  taken: '已创建快照 {name}。',
  text: '某一时刻的磁盘内容，不包括内存和运行中的程序。',
  title: '快照',
}
