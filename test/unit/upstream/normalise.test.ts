import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FAULTS } from '../../../src/faults/faults.ts';
import { faultName, normaliseFault } from '../../../src/upstream/normalise.ts';

describe('a fault', () => {
  it.each([
    '{"itemNotFound":{"code":404,"message":"none"}}',
    '{ "overLimit" : {"code": 413, "message": "m", "retryAfter": 3} }',
    '{"ownName":{"message":"m"}}',
  ])('%s stays, byte for byte', (body) => {
    expect(normaliseFault(404, body)).toBe(body);
  });
});

describe('anything else becomes one', () => {
  it.each<[string, number, string, string, string]>([
    [
      "keystone's",
      401,
      '{"error":{"code":401,"title":"Unauthorized","message":"No token."}}',
      'unauthorized',
      'No token.',
    ],
    [
      "webob's",
      404,
      '{"message":"Gone.<br /><br />\\n","code":"404 Not Found","title":"Not Found"}',
      'itemNotFound',
      'Gone.',
    ],
    [
      'HTML',
      503,
      '<html><head><title>x</title></head><body><h1>503</h1>\n<p>Busy</p></body></html>',
      'serviceUnavailable',
      '503 Busy',
    ],
    ['plain text', 400, 'bad\n  request', 'badRequest', 'bad request'],
    ['a JSON string', 400, '"bad"', 'badRequest', 'bad'],
    ['a JSON array', 400, '["bad"]', 'badRequest', 'The region answered 400.'],
    ['nothing', 500, '', 'computeFault', 'The region answered 500.'],
    ['broken JSON', 409, '{"conflict', 'conflictingRequest', '{"conflict'],
    [
      'a fault whose content is a string',
      400,
      '{"badRequest":"no"}',
      'badRequest',
      'The region answered 400.',
    ],
  ])('%s', (_what, status, body, name, message) => {
    expect(JSON.parse(normaliseFault(status, body))).toEqual({ [name]: { code: status, message } });
  });

  it('with a long page cut short', () => {
    const { computeFault } = JSON.parse(normaliseFault(500, `<p>${'long '.repeat(1000)}</p>`)) as {
      computeFault: { message: string };
    };
    expect(computeFault.message.length).toBeLessThanOrEqual(500);
  });

  it('for any text and status: one member, an object with a message', () => {
    fc.assert(
      fc.property(fc.integer({ min: 400, max: 599 }), fc.oneof(fc.string(), fc.json()), (status, body) => {
        const document = JSON.parse(normaliseFault(status, body)) as Record<string, { message: unknown }>;
        const [inner] = Object.values(document);
        expect(inner).toHaveProperty('message');
      }),
    );
  });
});

describe('the name of a status', () => {
  it.each([
    [400, 'badRequest'],
    [401, 'unauthorized'],
    [403, 'forbidden'],
    [404, 'itemNotFound'],
    [405, 'badMethod'],
    [409, 'conflictingRequest'],
    [413, 'overLimit'],
    [415, 'badMediaType'],
    [429, 'overLimit'],
    [500, 'computeFault'],
    [501, 'notImplemented'],
    [503, 'serviceUnavailable'],
    [418, 'computeFault'],
  ])('%i is %s', (status, name) => {
    expect(faultName(status)).toBe(name);
    expect(FAULTS).toHaveProperty(name);
  });
});
