/**
 * Text as it may be pasted: control characters other than tab and line ends are removed. A clipboard that holds the
 * mark that ends a bracketed paste (`ESC [ 201 ~`, or with C1's CSI) could otherwise have the shell run the rest.
 *
 * @see https://invisible-island.net/xterm/xterm-paste64.html
 */
export const withoutControls = (text: string): string => text.replaceAll(/[^\P{Cc}\t\r\n]/gu, '')
