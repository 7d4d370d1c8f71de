/**
 * What emulators say by themselves: answers to a program's questions (attributes, cursor, modes, colours, sizes), that
 * they lost the focus, and a pointer that moves with no button held.
 * @see https://invisible-island.net/xterm/ctlseqs/ctlseqs.html
 */
const said = new RegExp(
  [
    String.raw`\x1b\[[?>=][\d;]*c`,
    String.raw`\x1b\[\??\d+;\d+(?:;\d+)?R`,
    String.raw`\x1b\[\??\d+(?:;\d+)*n`,
    String.raw`\x1b\[\??\d+;\d+\$y`,
    String.raw`\x1b\[[4689];\d+;\d+t`,
    String.raw`\x1b\[\?[\d;]+[Su]`,
    String.raw`\x1b\[O`,
    String.raw`\x1b\[<(?:35|39|43|47|51|55|59|63);\d+;\d+M`,
    String.raw`\x1b[P_\]][^\x07\x1b]*(?:\x07|\x1b\\)`,
  ].join('|'),
  'g',
)

/**
 * What a person typed among `input`. Of several viewers' emulators only one may answer a program, which asked once:
 * the rest of an answer would be typed at its prompt.
 */
export function withoutAnswers(input: Buffer): Buffer {
  if (!input.includes(0x1b)) return input
  return Buffer.from(input.toString('latin1').replaceAll(said, ''), 'latin1')
}
