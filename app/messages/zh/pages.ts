import type { Texts } from '../texts'

export const pages: Texts<'pages'> = {
  account: '账号',
  audit: '审计日志',
  description: '浏览器中的隔离 Linux 沙箱，毫秒级就绪',
  join: '加入租户',
  joinSandbox: '打开共享的沙箱',
  keys: 'API 密钥',
  members: '成员',
  notFound: '页面不存在',
  operator: '节点与租户',
  reference: 'API 参考',
  reset: '设置新密码',
  run: '运行',
  runs: '运行',
  sandboxes: '沙箱',
  settings: '设置',
  shortDescription: '浏览器中的隔离 Linux 沙箱',
  signIn: '登录',
  signUp: '创建账号',
  usage: '用量',
  workspace: '工作区',
}
