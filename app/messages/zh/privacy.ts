import type { Texts } from '../texts'

export const privacy: Texts<'privacy'> = {
  activityDays: '用时记录保留天数',
  activityDaysText: '更早的记录会被删除。',
  classOff: '不再显示每名学生的分钟数。',
  classOn: '从现在起显示每名学生的分钟数。',
  classTimes: '显示每名学生的分钟数',
  classTimesText: '在作业统计中向教师和助教显示。学生会在自己的页面上看到此项已开启。未开启时只显示分布。',
  classTitle: '用时',
  notAllowed: '此系统的运营者不允许此项。',
  save: '保存',
  saved: '已保存隐私设置。',
  studentTimes: '每名学生的分钟数',
  studentTimesText: '班级可以向教师和助教显示。显示时会告知学生。',
  timeShown: '你的老师可以看到你在此班级的作业上用了多少分钟。',
  timeShownIn: '你的老师可以看到你在以下班级的作业上用了多少分钟：{classes}。',
  timeStatistics: '用时',
  timeStatisticsText:
    '统计学生做作业的分钟数。满五名学生时，教师和助教可以看到其分布。关闭后既不统计也不显示。',
  title: '隐私',
}
