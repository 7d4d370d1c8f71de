import { insidePath, sandboxId } from '../../../protocol/api/index.js'

/** The argument that most tools have. */
export const sandbox = sandboxId.describe('id of the sandbox, as create_sandbox and list_sandboxes tell it')

export const path = insidePath.describe('absolute, or from /home/user')
