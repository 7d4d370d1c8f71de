import type { Texts } from '../texts'

export const shell: Texts<'shell'> = {
  apiKey: 'API 密钥',
  cannotReach: '<strong>无法连接到 Cloche。</strong>页面内容可能不是最新，沙箱仍在运行。',
  connection: '连接',
  createTenant: '创建租户',
  joinTenant: '使用代码加入',
  main: '主导航',
  menu: '菜单',
  newTenant: '新建租户',
  newTenantText: '每个租户拥有独立的沙箱、成员、API 密钥和配额。您将成为该租户的所有者。',
  operator: '运维',
  retryNow: '立即重试',
  signOut: '退出登录',
  skip: '跳到正文',
  tenant: '租户',
  tenantIs: '租户：',
  tenantName: '名称',
  theme: '主题',
  themes: { system: '跟随系统', light: '浅色', dark: '深色' },
}
