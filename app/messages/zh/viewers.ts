import type { Texts } from '../texts'

export const viewers: Texts<'viewers'> = {
  drawing: '单元格输出',
  edit: '编辑',
  emptyTable: '此表格为空。',
  notANotebook: '这不是第 4 版的笔记本。选择“编辑”可查看其文本。',
  notAnImage: '浏览器无法将此文件显示为图片。',
  row: '行',
  tooLarge: '此文件过大，无法在此显示，请下载后查看。',
  unknownOutput: '此输出无法在此显示。',
  view: '预览',
}
