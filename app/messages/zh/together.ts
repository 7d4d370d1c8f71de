import type { Texts } from '../texts'

export const together: Texts<'together'> = {
  alsoIn: '{names} 也打开了此文件',
  editedWith: '正与 {names} 一起编辑',
  follow: '点击以跟随其视图',
  followOf: '跟随：{who}',
  following: '正在跟随 {name}，按任意键或点击即停止',
  here: '同在此工作区',
  inFile: '{name}，正在查看 {file}',
  looks: '{who}（仅查看）',
  more: '+{count, number}',
  somebody: '某人',
  tooLarge: '文件太大，无法一起编辑',
  unfollow: '点击以停止跟随',
}
