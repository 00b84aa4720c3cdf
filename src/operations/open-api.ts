import type { JsonObject, JsonValue } from '../json.ts';
import type { Operation } from './operation.ts';
import { OPERATIONS } from './table.ts';

/** Media types of bodies, both ways (guide, section 1.4). */
const MEDIA_TYPES = ['application/json', 'application/xml'];

/**
 * What Sluice serves, in the words of OpenAPI 3.1: every row of the operations table, below each region.
 *
 * @param server base URL as the caller sees it
 * @param version of Sluice
 */
export function openApiDocument(server: string, version: string): JsonObject {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Cloud Servers API v2 through Sluice',
      version,
      description:
        'The operations of the OpenStack Compute API v2 that Sluice knows. Other paths below a tenant are passed through as they are.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: server }],
    security: [{ token: [] }, { bearer: [] }],
    tags: [...new Set(OPERATIONS.map(({ resource }) => resource))].map((name) => ({ name })),
    paths: pathsOf(OPERATIONS),
    components: {
      securitySchemes: {
        token: { type: 'apiKey', in: 'header', name: 'X-Auth-Token' },
        bearer: { type: 'http', scheme: 'bearer' },
      },
      responses: {
        Fault: {
          description: 'A fault of the guide (section 1.11): one member, called by the fault’s name.',
          content: contentOf({ $ref: '#/components/schemas/Fault' }),
        },
      },
      schemas: { Fault: FAULT },
    },
  };
}

const FAULT: JsonObject = {
  type: 'object',
  minProperties: 1,
  maxProperties: 1,
  additionalProperties: {
    type: 'object',
    required: ['code', 'message'],
    properties: {
      code: { type: 'integer' },
      message: { type: 'string' },
      details: { type: 'string' },
      retryAt: { type: 'string', format: 'date-time' },
    },
  },
};

function pathsOf(operations: readonly Operation[]): JsonObject {
  const byPath = new Map<string, Map<string, Operation[]>>();
  for (const operation of operations) {
    const path = templateOf(operation);
    const methods = byPath.get(path) ?? new Map<string, Operation[]>();
    const method = operation.method.toLowerCase();
    methods.set(method, [...(methods.get(method) ?? []), operation]);
    byPath.set(path, methods);
  }
  return Object.fromEntries(
    [...byPath].map(([path, methods]) => [
      path,
      {
        parameters: parametersOf(path),
        ...Object.fromEntries([...methods].map(([method, rows]) => [method, operationOf(rows)])),
      },
    ]),
  );
}

function templateOf({ scope, path }: Operation): string {
  if (scope === 'root') return `/{region}${path}`;
  return scope === 'version' ? `/{region}/v2${path}` : `/{region}/v2/{tenant}${path}`;
}

const PARAMETERS: Readonly<Record<string, string>> = {
  region: 'A region of the account, without case.',
  tenant: 'The tenant, or `-` for the caller’s own.',
};

function parametersOf(path: string): JsonValue[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name: name!,
    in: 'path',
    required: true,
    description: PARAMETERS[name!] ?? `The ${name!.replaceAll('_', ' ')}.`,
    schema: { type: 'string' },
  }));
}

/** One operation, or all the actions that share a path: which of them is asked for only the body tells. */
function operationOf(rows: readonly Operation[]): JsonObject {
  const [first] = rows;
  const { name, resource, section, request, response, success, limitClass, scope } = first!;
  const isActions = rows.length > 1;
  const schema: JsonObject = isActions ? { oneOf: rows.map(actionSchema) } : { type: 'object' };
  return {
    operationId: isActions ? 'serverAction' : name,
    summary: isActions ? 'One of the actions of a server' : words(name),
    description: `Guide, section ${isActions ? '2.3' : section}.`,
    tags: [resource],
    ...(scope === 'tenant' ? {} : { security: [{}] }),
    ...(request === null ? {} : { requestBody: { required: true, content: contentOf(schema) } }),
    responses: {
      [String(success)]: {
        description: 'Success.',
        ...(response === null ? {} : { content: contentOf({ type: 'object' }) }),
      },
      default: { $ref: '#/components/responses/Fault' },
    },
    'x-sluice-limits': limitClass,
    'x-sluice-operations': rows.map((row) => row.name),
  };
}

function actionSchema({ name, action }: Operation): JsonObject {
  if (action === undefined || action === '*')
    return { title: 'An action of an extension', type: 'object', minProperties: 1, maxProperties: 1 };
  return { title: words(name), type: 'object', required: [action], properties: { [action]: {} } };
}

function contentOf(schema: JsonObject): JsonObject {
  return Object.fromEntries(MEDIA_TYPES.map((type) => [type, { schema }]));
}

/** `listServersDetail` as `List servers detail`. */
function words(name: string): string {
  const text = name.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return text.charAt(0).toUpperCase() + text.slice(1);
}
