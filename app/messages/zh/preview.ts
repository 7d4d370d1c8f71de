import type { Texts } from '../texts'

export const preview: Texts<'preview'> = {
  address: '端口 {port} 上的路径',
  app: '端口 {port} 上的应用',
  close: '关闭预览',
  elsewhere: '该地址不属于此沙箱。请输入路径，或类似 http://localhost:3000/ 的地址。',
  newTab: '在新标签页中打开',
  noDomain: '此安装实例尚未配置预览域名，可由运维人员设置。',
  paneWidth: '预览宽度',
  preview: '预览',
  reload: '刷新预览',
  show: '预览端口 {port}',
  showHere: '在编辑器旁显示',
  waiting: '端口 {port} 上尚无程序监听。程序启动后会立即显示。',
  width: '屏幕宽度',
  widths: { full: '全宽', phone: '手机宽度', tablet: '平板宽度' },
}
