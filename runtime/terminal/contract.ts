export interface OciProcess {
  args: string[]
}
