/** Keys to press together, such as `Ctrl+Shift+F`, or `Ctrl+Shift++` with a plus. */
export function Keys({ keys }: { keys: string }) {
  return (
    <span className="inline-flex gap-0.5">
      {keys.split(/\+(?!$)/).map((key) => (
        <kbd
          key={key}
          className="rounded border border-line bg-ground px-1 font-mono text-[0.6875rem] text-muted leading-4"
        >
          {key}
        </kbd>
      ))}
    </span>
  )
}
