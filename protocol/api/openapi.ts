import { z } from 'zod'

/** The parts of an OpenAPI 3.1 document that the reference, as a page and as docs/reference/api.md, tells of. */
export interface OpenApiSchema {
  $ref?: string | undefined
  type?: string | string[] | undefined
  description?: string | undefined
  enum?: unknown[] | undefined
  const?: unknown
  default?: unknown
  properties?: Record<string, OpenApiSchema> | undefined
  required?: string[] | undefined
  items?: OpenApiSchema | undefined
  anyOf?: OpenApiSchema[] | undefined
  oneOf?: OpenApiSchema[] | undefined
  allOf?: OpenApiSchema[] | undefined
  examples?: unknown[] | undefined
  minimum?: number | undefined
  maximum?: number | undefined
  minLength?: number | undefined
  maxLength?: number | undefined
  pattern?: string | undefined
  format?: string | undefined
  additionalProperties?: boolean | OpenApiSchema | undefined
}
const schema: z.ZodType<OpenApiSchema> = z.lazy(() =>
  z.object({
    $ref: z.string().optional(),
    type: z.union([z.string(), z.array(z.string())]).optional(),
    description: z.string().optional(),
    enum: z.array(z.unknown()).optional(),
    const: z.unknown().optional(),
    default: z.unknown().optional(),
    properties: z.record(z.string(), schema).optional(),
    required: z.array(z.string()).optional(),
    items: schema.optional(),
    anyOf: z.array(schema).optional(),
    oneOf: z.array(schema).optional(),
    allOf: z.array(schema).optional(),
    examples: z.array(z.unknown()).optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
    minLength: z.number().optional(),
    maxLength: z.number().optional(),
    pattern: z.string().optional(),
    format: z.string().optional(),
    additionalProperties: z.union([z.boolean(), schema]).optional(),
  }),
)

const parameter = z.object({
  name: z.string(),
  in: z.enum(['path', 'query', 'header', 'cookie']),
  required: z.boolean().optional(),
  description: z.string().optional(),
  schema,
})
export type OpenApiParameter = z.infer<typeof parameter>

const content = z.record(z.string(), z.object({ schema: schema.optional() })).optional()
const operation = z.object({
  operationId: z.string(),
  summary: z.string(),
  description: z.string().optional(),
  tags: z.array(z.string()).default([]),
  /** Empty where nobody has to say who they are; absent where the document's own holds. */
  security: z.array(z.record(z.string(), z.array(z.string()))).optional(),
  parameters: z.array(parameter).default([]),
  requestBody: z.object({ content, description: z.string().optional() }).optional(),
  responses: z.record(z.string(), z.object({ description: z.string(), content })),
})
export type OpenApiOperation = z.infer<typeof operation>

export const openApi = z.object({
  tags: z.array(z.object({ name: z.string(), description: z.string() })),
  servers: z.array(z.object({ url: z.string() })),
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.object({ schemas: z.record(z.string(), schema) }),
})
export type OpenApi = z.infer<typeof openApi>
