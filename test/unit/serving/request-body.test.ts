import { describe, expect, it, vi } from 'vitest';
import { Fault } from '../../../src/faults/faults.ts';
import { operationNamed } from '../../../src/operations/match.ts';
import { readRequestBody } from '../../../src/serving/request-body.ts';

const create = operationNamed('createServer');
const read = (
  text: string,
  type: string | undefined,
  known: Parameters<typeof readRequestBody>[2] = create,
) => readRequestBody(Buffer.from(text), type, known);

async function refusal(run: () => Promise<unknown>): Promise<Fault> {
  try {
    await run();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('a JSON body', () => {
  it('that needs no change goes up as the same bytes', async () => {
    const bytes = Buffer.from('{ "server": {"n": 1.0e2, "name":"\\u00e9"} }');
    expect((await readRequestBody(bytes, 'application/json', create)).body).toBe(bytes);
  });

  it('with references keeps everything else, number spellings too', async () => {
    const { body } = await read(
      '{"server":{"imageRef":"http://gw/dfw/v2/1/images/i-1","n":1.50,"big":12345678901234567890}}',
      'application/json',
    );
    expect(body).toBe('{"server":{"imageRef":"i-1","n":1.50,"big":12345678901234567890}}');
  });

  it('tells which action it is', async () => {
    expect((await read('{"reboot":{"type":"HARD"}}', undefined, 'action')).operation.name).toBe('reboot');
    expect((await read('{"os-start":null}', undefined, 'action')).operation.name).toBe('extensionAction');
  });
});

describe('an XML body', () => {
  it('becomes JSON, and says how long that took', async () => {
    const { body, translationMs } = await read(
      '<server name="n" imageRef="http://gw/v2/1/images/i-1"/>',
      'application/xml; charset=utf-8',
    );
    expect(JSON.parse(String(body))).toEqual({ server: { name: 'n', imageRef: 'i-1' } });
    expect(translationMs).toBeGreaterThanOrEqual(0);
  });

  it('tells which action it is', async () => {
    expect((await read('<reboot type="SOFT"/>', 'text/xml', 'action')).operation.name).toBe('reboot');
  });
});

describe('a body is refused', () => {
  it.each<[string, string, string | undefined, number, RegExp]>([
    ['that is missing', '', 'application/json', 400, /needs a body/],
    ['of another type', '{}', 'text/plain', 415, /text\/plain/],
    ['that is no JSON', '{"server":\n{', undefined, 400, /line 2/],
    ['that is no XML', '<server>\n</serve>', 'application/xml', 400, /line 2/],
    ['that is no object', '7', undefined, 400, /object/],
  ])('%s', async (_what, text, type, code, says) => {
    expect(await refusal(() => read(text, type))).toMatchObject({
      code,
      message: expect.stringMatching(says),
    });
  });

  it('as an action without exactly one member', async () => {
    expect((await refusal(() => read('{}', undefined, 'action'))).message).toMatch(/has 0/);
    expect((await refusal(() => read('{"a":1,"b":2}', undefined, 'action'))).message).toMatch(/has 2/);
  });
});

describe('a megabyte of a body', () => {
  const SIZE = 1_000_000;
  const xml = 'application/xml';
  const element = (text: string) => `<server name="n">${text}</server>`;

  it.each<[string, string, string]>([
    ['brackets', `{"server":${'['.repeat(SIZE)}`, 'application/json'],
    ['braces', '{"server":'.repeat(SIZE / 10), 'application/json'],
    [
      'members',
      `{"server":{${Array.from({ length: SIZE / 20 }, (_, at) => `"member${at}":1`).join()}}}`,
      'application/json',
    ],
    ['one member again and again', `{"server":{${'"a":1,'.repeat(SIZE / 6)}"b":2}}`, 'application/json'],
    ['elements', element('<a/>'.repeat(SIZE / 4)), xml],
    ['elements beside text', element('a<b/>'.repeat(SIZE / 5)), xml],
    ['metadata', element(`<metadata>${'<meta key="a">b</meta>'.repeat(SIZE / 22)}</metadata>`), xml],
    ['attributes', `<server ${Array.from({ length: SIZE / 20 }, (_, at) => `a${at}="1"`).join(' ')}/>`, xml],
  ])('of %s is refused before anything is made of it', async (_what, text, type) => {
    const parse = vi.spyOn(JSON, 'parse');
    const fault = await refusal(() => read(text, type));
    expect(fault).toMatchObject({ code: 400, message: expect.stringMatching(/more than|deeper/) });
    expect(parse).not.toHaveBeenCalled();
    parse.mockRestore();
  });

  it.each<[string, string]>([
    ['text', element('x'.repeat(SIZE))],
    ['line ends', element('\r'.repeat(SIZE))],
    ['characters in numbers', `<server name="${'&#65;'.repeat(SIZE / 5)}"/>`],
    ['a CDATA section', element(`<![CDATA[${']'.repeat(SIZE)}]]>`)],
    ['a CDATA section that does not end', element(`<![CDATA[${']'.repeat(SIZE)}`)],
    ['pairs of surrogates, cut anywhere', element(`x${'😀'.repeat(SIZE / 2)}`)],
  ])('of %s is read in many turns, between which others have theirs', async (what, text) => {
    let [turns, isRead] = [0, false];
    const count = () => {
      turns++;
      if (!isRead) setImmediate(count);
    };
    count();
    const whole = await read(text, xml).catch((error: Fault) => error);
    isRead = true;
    expect(turns).toBeGreaterThan(20);
    expect(whole).toMatchObject(what.endsWith('not end') ? { code: 400 } : { operation: create });
  });
});
