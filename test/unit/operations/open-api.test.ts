import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, it } from 'vitest';
import { openApiDocument } from '../../../src/operations/open-api.ts';
import { OPERATIONS } from '../../../src/operations/table.ts';

const document = openApiDocument('http://127.0.0.1:8080', '1.2.3');

it('is a valid document of OpenAPI 3.1', async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(structuredClone(document));
  expect(errors ?? []).toEqual([]);
  expect([valid, validator.version]).toEqual([true, '3.1']);
  expect((await validator.validate({ ...structuredClone(document), paths: { servers: 1 } })).valid).toBe(
    false,
  );
});

it('has every operation of the table, once, below its region', () => {
  const paths = document['paths'] as Record<string, Record<string, { 'x-sluice-operations'?: string[] }>>;
  const named = Object.values(paths).flatMap((item) =>
    Object.values(item).flatMap((operation) => operation['x-sluice-operations'] ?? []),
  );
  expect(named.sort()).toEqual(OPERATIONS.map(({ name }) => name).sort());
  expect(Object.keys(paths).every((path) => path.startsWith('/{region}/'))).toBe(true);
  const ids = Object.values(paths).flatMap((item) =>
    Object.values(item).flatMap((operation) => (operation as { operationId?: string }).operationId ?? []),
  );
  expect(new Set(ids).size).toBe(ids.length);
});

it('declares every parameter of every path', () => {
  const paths = document['paths'] as Record<string, { parameters: { name: string }[] }>;
  for (const [path, { parameters }] of Object.entries(paths))
    expect(parameters.map(({ name }) => name)).toEqual(
      [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
    );
});
