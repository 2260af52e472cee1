// The description of the server in OpenAPI's words, made of the table of routes.
import { z } from 'zod';
import type { Route } from './route.ts';

/** OpenAPI 3.1. */
export function openApi(routes: readonly Route[], version: string): unknown {
  const problem = { description: 'What is wrong, in words', content: jsonContent(errorAnswer) };
  return {
    openapi: '3.1.0',
    info: { title: 'calm-orch ui', version, description: 'What the page over a run folder asks; nothing is written.' },
    paths: Object.fromEntries(
      routes.map(({ method, path, summary, query, answer }) => [
        path,
        {
          [method === 'POST' ? 'post' : 'get']: {
            summary,
            ...(method === 'POST' && { requestBody: { required: true, content: { 'application/octet-stream': {} } } }),
            parameters: [
              ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
                name,
                in: 'path',
                required: true,
                schema: { type: 'string' },
              })),
              ...Object.entries(query.shape).map(([name, schema]) => ({
                name,
                in: 'query',
                required: !(schema as z.ZodType).safeParse(undefined).success,
                schema: jsonSchema(schema as z.ZodType, 'input'),
              })),
            ],
            responses: { 200: { description: 'OK', content: contentOf(answer) }, default: problem },
          },
        },
      ]),
    ),
  };
}

export const errorAnswer = z.object({ error: z.object({ message: z.string(), code: z.string() }) });

const contentOf = (answer: Route['answer']): unknown =>
  typeof answer === 'string' ? { [answer]: {} } : jsonContent(answer);

const jsonContent = (schema: z.ZodType): unknown => ({ 'application/json': { schema: jsonSchema(schema, 'output') } });

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): unknown {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}
