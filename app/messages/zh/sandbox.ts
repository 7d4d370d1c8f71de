import type { Texts } from '../texts'

export const sandbox: Texts<'sandbox'> = {
  cpuHint: 'CPU 核数，例如 0.5。',
  custom: '自定义',
  customText: '自定义限制',
  diskAmount: '{amount} 磁盘',
  diskHint: '单位 MiB，不含模板。',
  memoryAmount: '{amount} 内存',
  memoryHint: '单位 MiB，含页缓存。',
  notALimit: '无效的限制值。',
  processesHint: '进程和线程数。',
  quotaLeft: '剩余配额：{sandboxes}、{cpus}、{memory} 内存、{disk} 磁盘',
  size: '规格',
  sizes: { small: '小', medium: '中', large: '大' },
}
