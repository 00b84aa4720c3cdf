import { describe, expect, it } from 'vitest';
import { Fault } from '../../../src/faults/faults.ts';
import { operationNamed } from '../../../src/operations/match.ts';
import { readRequestBody } from '../../../src/serving/request-body.ts';

const create = operationNamed('createServer');
const read = (
  text: string,
  type: string | undefined,
  known: Parameters<typeof readRequestBody>[2] = create,
) => readRequestBody(Buffer.from(text), type, known);

function refusal(run: () => unknown): Fault {
  try {
    run();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('a JSON body', () => {
  it('that needs no change goes up as the same bytes', () => {
    const bytes = Buffer.from('{ "server": {"n": 1.0e2, "name":"\\u00e9"} }');
    expect(readRequestBody(bytes, 'application/json', create).body).toBe(bytes);
  });

  it('with references keeps everything else, number spellings too', () => {
    const { body } = read(
      '{"server":{"imageRef":"http://gw/dfw/v2/1/images/i-1","n":1.50,"big":12345678901234567890}}',
      'application/json',
    );
    expect(body).toBe('{"server":{"imageRef":"i-1","n":1.50,"big":12345678901234567890}}');
  });

  it('tells which action it is', () => {
    expect(read('{"reboot":{"type":"HARD"}}', undefined, 'action').operation.name).toBe('reboot');
    expect(read('{"os-start":null}', undefined, 'action').operation.name).toBe('extensionAction');
  });
});

describe('an XML body', () => {
  it('becomes JSON, and says how long that took', () => {
    const { body, translationMs } = read(
      '<server name="n" imageRef="http://gw/v2/1/images/i-1"/>',
      'application/xml; charset=utf-8',
    );
    expect(JSON.parse(String(body))).toEqual({ server: { name: 'n', imageRef: 'i-1' } });
    expect(translationMs).toBeGreaterThanOrEqual(0);
  });

  it('tells which action it is', () => {
    expect(read('<reboot type="SOFT"/>', 'text/xml', 'action').operation.name).toBe('reboot');
  });
});

describe('a body is refused', () => {
  it.each<[string, string, string | undefined, number, RegExp]>([
    ['that is missing', '', 'application/json', 400, /needs a body/],
    ['of another type', '{}', 'text/plain', 415, /text\/plain/],
    ['that is no JSON', '{"server":\n{', undefined, 400, /line 2/],
    ['that is no XML', '<server>\n</serve>', 'application/xml', 400, /line 2/],
    ['that is no object', '7', undefined, 400, /object/],
  ])('%s', (_what, text, type, code, says) => {
    expect(refusal(() => read(text, type))).toMatchObject({ code, message: expect.stringMatching(says) });
  });

  it('as an action without exactly one member', () => {
    expect(refusal(() => read('{}', undefined, 'action')).message).toMatch(/has 0/);
    expect(refusal(() => read('{"a":1,"b":2}', undefined, 'action')).message).toMatch(/has 2/);
  });
});
