import { useEffect, useRef, useState } from 'react'
import { call } from '../../../../lib/api'
import { type LessonScreen, lessonScreens, thumbnailBounds } from '../../../../lib/protocol-lessons'

/** How often they are asked for: what has not changed is not sent. */
const everyMs = 1000

export type Screens = ReadonlyMap<string, LessonScreen>

/**
 * What the terminals of these students show, by student, for as long as the page is visible.
 * @param path of the lesson; null asks nothing
 */
export function useScreens(path: string | null, students: readonly string[]): Screens {
  const [screens, setScreens] = useState<Screens>(new Map())
  const wanted = useRef(students)
  wanted.current = students
  useEffect(() => {
    if (path === null) return
    let known: Screens = new Map()
    let timer: ReturnType<typeof setTimeout> | undefined
    let over = false
    const look = async () => {
      const asked = wanted.current.slice(0, thumbnailBounds.sandboxes)
      if (document.visibilityState === 'visible' && asked.length > 0) {
        const news = await read(path, asked, known)
        if (over) return
        if (news !== known) setScreens(news)
        known = news
      }
      timer = setTimeout(look, everyMs)
    }
    void look()
    return () => {
      over = true
      clearTimeout(timer)
    }
  }, [path])
  return screens
}

/** @returns `known` itself when nothing has changed */
async function read(path: string, students: readonly string[], known: Screens): Promise<Screens> {
  const seen = Object.fromEntries(
    students.flatMap((student) => {
      const version = known.get(student)?.version
      return version === undefined ? [] : [[student, version]]
    }),
  )
  try {
    const body = { students, seen }
    const { screens } = await call(lessonScreens, `${path}/screens`, { method: 'POST', body })
    if (screens.length === 0) return known
    const next = new Map(known)
    for (const { student, screen } of screens) {
      if (screen === null) next.delete(student)
      else next.set(student, screen)
    }
    return next
  } catch {
    return known // the grid says what is wrong with the lesson or the line
  }
}
