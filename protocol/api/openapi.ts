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
  examples?: unknown[] | undefined
  minimum?: number | undefined
  maximum?: number | undefined
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
    examples: z.array(z.unknown()).optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
    additionalProperties: z.union([z.boolean(), schema]).optional(),
  }),
)

const content = z.record(z.string(), z.object({ schema: schema.optional() })).optional()
const operation = z.object({
  operationId: z.string(),
  summary: z.string(),
  description: z.string().optional(),
  tags: z.array(z.string()).default([]),
  parameters: z
    .array(
      z.object({
        name: z.string(),
        in: z.string(),
        required: z.boolean().optional(),
        description: z.string().optional(),
        schema,
      }),
    )
    .default([]),
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
