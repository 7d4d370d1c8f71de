/** What a person does at a page. That the mouse rests, or passes over, says nothing. */
const deeds = ['pointerdown', 'keydown', 'wheel', 'touchstart', 'paste', 'drop', 'focus'] as const
/** After a deed the page calls for somebody who is here for so long, and by itself then. */
const attendedMs = 30_000

let lastAt = Number.NEGATIVE_INFINITY
const listeners = new Set<() => void>()

/** Whether somebody is at this page. */
export const isAttended = (): boolean => Date.now() - lastAt < attendedMs

/** Calls `heard` each time that somebody does something at this page. @returns stops it */
export function onDeed(heard: () => void): () => void {
  listeners.add(heard)
  return () => listeners.delete(heard)
}

function happened(): void {
  lastAt = Date.now()
  for (const heard of listeners) heard()
}

if (typeof window !== 'undefined') {
  // It was opened.
  lastAt = Date.now()
  for (const deed of deeds) window.addEventListener(deed, happened, { capture: true, passive: true })
}
