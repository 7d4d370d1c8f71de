/** The page of templates. */
export const templates = {
  actions: 'Actions',
  age: 'Age',
  askDelete: 'Delete {name}?',
  askDeleteText: 'No new sandboxes can be made from it. It is refused while a sandbox or a snapshot uses it.',
  delete: 'Delete template',
  deleteName: 'Delete {name}',
  deleted: 'Deleted {name}.',
  export: 'Export',
  exportName: 'Export {name} as an image',
  from: 'From',
  name: 'Name',
  none: 'No templates yet',
  noneText: 'Build one from a Dockerfile with cloche build, or import an image with cloche template import.',
  size: 'Size',
  sources: {
    build: 'Dockerfile',
    everyone: 'Everyone',
    image: 'Image',
    snapshot: 'Snapshot',
  },
  text: 'What sandboxes are made from. Export writes an OCI image that docker load and podman load take.',
}
