/** A port of a sandbox. */
export interface PortTarget {
  readonly sandboxId: string
  readonly port: number
}

export const keyOf = ({ sandboxId, port }: PortTarget): string => `${sandboxId}:${port}`
