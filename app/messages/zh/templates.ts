import type { Texts } from '../texts'

export const templates: Texts<'templates'> = {
  actions: '操作',
  age: '创建时间',
  askDelete: '删除 {name}？',
  askDeleteText: '之后无法再用它创建沙箱。仍有沙箱或快照使用它时，删除会被拒绝。',
  delete: '删除模板',
  deleteName: '删除 {name}',
  deleted: '已删除 {name}。',
  export: '导出',
  exportName: '将 {name} 导出为镜像',
  from: '来源',
  name: '名称',
  none: '还没有模板',
  noneText: '用 cloche build 从 Dockerfile 构建模板，或用 cloche template import 导入镜像。',
  size: '大小',
  sources: {
    build: 'Dockerfile',
    everyone: '所有人',
    image: '镜像',
    snapshot: '快照',
  },
  text: '沙箱由模板创建。导出会得到一个 OCI 镜像，docker load 和 podman load 都可以读取。',
}
