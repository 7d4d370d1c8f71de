const fresh = new Set<string>()

/** This sandbox was made a moment ago on this page: nobody can have opened a terminal in it. */
export function markFresh(sandboxId: string): void {
  fresh.add(sandboxId)
}

/** Whether it is fresh, told once. */
export function takeFresh(sandboxId: string): boolean {
  return fresh.delete(sandboxId)
}
