/**
 * The size class of a sandbox, in MiB: the size of its tmpfs hangs on its memory and cannot be changed once it
 * runs; everything else is set at its claim. Rounded down to a power of two, so that no tmpfs is larger than half
 * of what is asked for.
 */
export const sizeClass = (memoryMiB: number): number => 2 ** Math.floor(Math.log2(memoryMiB))
