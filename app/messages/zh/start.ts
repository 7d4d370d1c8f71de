import type { Texts } from '../texts'

export const start: Texts<'start'> = {
  cloning: '正在克隆 {url}…',
  empty: '空',
  emptyText: '空的主目录。',
  label: '初始内容',
  notSignedIn: '未登录，因此未克隆任何内容。',
  repository: 'Git 仓库',
  repositoryText: '沙箱就绪后克隆。',
  starter: '入门项目',
  starterText: '按 F5 即可运行的小程序。',
  url: '仓库地址',
  urlHint: '需要时会询问密码或令牌，且不会存储在沙箱内。',
}
