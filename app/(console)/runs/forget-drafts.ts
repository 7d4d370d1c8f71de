/** What was written on the runs page is kept in this browser under this name, for each tenant and person. */
export const draftPrefix = 'cloche-draft:'

/** Removes every draft in this browser: the next person who signs in must not find them. */
export function forgetDrafts(storage: Storage): void {
  const names = Array.from({ length: storage.length }, (_, at) => storage.key(at) ?? '')
  for (const name of names) if (name.startsWith(draftPrefix)) storage.removeItem(name)
}
