/** Text of the OpenAPI document, where what stands between backticks is code. */
export function Prose({ text }: { text: string }) {
  return text.split('`').map((part, index) =>
    index % 2 === 1 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never move
      <code key={index} className="font-mono text-ink text-xs">
        {part}
      </code>
    ) : (
      part
    ),
  )
}
