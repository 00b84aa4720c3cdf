import { describe, expect, it } from 'vitest';
import { RawNumber } from '../../../../src/json.ts';
import { parsePublishedLimits } from '../../../../src/limits/published/parse.ts';

const row = (verb: string, value: number, unit: string, more = {}) => ({
  verb,
  value,
  unit,
  remaining: value,
  ...more,
});

describe('parsePublishedLimits', () => {
  it('reads every row of every uri, repeated uris included, with absolute limits as they are', () => {
    const { limits, absolute, problems } = parsePublishedLimits({
      limits: {
        absolute: { maxTotalInstances: 40, 'vendor:extra': 'x' },
        rate: [
          { uri: '/servers', regex: '^/servers', limit: [row('POST', 25, 'DAY')] },
          { uri: '*', regex: '.*', limit: [row('GET', 9, 'SECOND'), row('ALL', 70, 'MINUTE')] },
          { uri: '/servers', regex: '^/servers/.*/ips', limit: [row('GET', 3, 'HOUR')] },
        ],
      },
    });
    expect(problems).toEqual([]);
    expect(absolute).toEqual({ maxTotalInstances: 40, 'vendor:extra': 'x' });
    expect(limits.map(({ verb, uri, value, unit }) => [verb, uri, value, unit])).toEqual([
      ['POST', '/servers', 25, 'DAY'],
      ['GET', '*', 9, 'SECOND'],
      ['ALL', '*', 70, 'MINUTE'],
      ['GET', '/servers', 3, 'HOUR'],
    ]);
  });

  it.each(['2031-05-06T07:08:09Z', '2031-05-06T07:08:09.000Z'])('reads next-available %s', (date) => {
    const { limits } = parsePublishedLimits({
      limits: {
        rate: [{ uri: '*', limit: [row('GET', 5, 'MINUTE', { remaining: 2, 'next-available': date })] }],
      },
    });
    expect(limits[0]).toMatchObject({ remaining: 2, nextAvailableMs: Date.UTC(2031, 4, 6, 7, 8, 9) });
  });

  it('takes a remaining below zero for nothing left, and numbers in any spelling', () => {
    const { limits } = parsePublishedLimits({
      limits: {
        rate: [
          { uri: '*', limit: [row('GET', 5, 'minutes', { value: new RawNumber('5.0'), remaining: -3 })] },
        ],
      },
    });
    expect(limits[0]).toMatchObject({ value: 5, remaining: 0, unit: 'MINUTE' });
  });

  it('leaves out what makes no sense and says where', () => {
    const { limits, problems } = parsePublishedLimits({
      limits: {
        rate: [
          { uri: '/a', limit: [row('GET', 1, 'FORTNIGHT'), row('', 1, 'DAY'), 7] },
          { uri: '/b' },
          { uri: '/c', limit: [row('PUT', 4, 'DAY')] },
        ],
      },
    });
    expect(limits).toHaveLength(1);
    expect(problems.map((line) => line.split(':')[0])).toEqual([
      'rate[0].limit[0]',
      'rate[0].limit[1]',
      'rate[0].limit[2]',
      'rate[1]',
    ]);
  });

  it('keeps the tighter of two rows that are about the same', () => {
    const { limits } = parsePublishedLimits({
      limits: { rate: [{ uri: '*', limit: [row('GET', 9, 'DAY'), row('GET', 4, 'DAY')] }] },
    });
    expect(limits.map(({ value }) => value)).toEqual([4]);
  });

  it('keeps a limit of 0', () => {
    const { limits } = parsePublishedLimits({
      limits: { rate: [{ uri: '/rax-networks', limit: [row('POST', 0, 'DAY')] }] },
    });
    expect(limits).toEqual([expect.objectContaining({ verb: 'POST', uri: '/rax-networks', value: 0 })]);
  });

  it('bounds how many limits there are, and the texts of each', () => {
    const rate = Array.from({ length: 1000 }, (_, index) => ({
      uri: `/${index}`,
      limit: [row('GET', 1, 'DAY')],
    }));
    const many = parsePublishedLimits({ limits: { rate } });
    expect(many.limits).toHaveLength(256);
    expect(many.problems).toEqual(['it holds 1000 limits; only the first 256 are kept']);
    const endless = parsePublishedLimits({
      limits: {
        rate: Array.from({ length: 5_000 }, (_, at) => ({ uri: `/${at}`, limit: [row('GET', 1, 'AGE')] })),
      },
    });
    // 1,024 rows were read, each of them wrong; a line for each would fill the log.
    expect(endless.problems).toHaveLength(21);
    expect(endless.problems[0]).toBe('it holds more than 1024 rows; the others are not read');
    expect(endless.problems.at(-1)).toBe('and 1005 more of this kind');
    const inOne = parsePublishedLimits({
      limits: { rate: [{ uri: '*', limit: Array.from({ length: 5_000 }, () => row('GET', 1, 'DAY')) }] },
    });
    expect(inOne.problems).toEqual(['rate[0]: it holds more than 1024 rows; the others are not read']);
    const long = parsePublishedLimits({
      limits: {
        rate: [
          { uri: `/${'a'.repeat(600)}`, limit: [row('GET', 1, 'DAY')] },
          { uri: '/servers', regex: 'a'.repeat(600), limit: [row('GET', 1, 'DAY')] },
        ],
      },
    });
    expect(long.limits).toEqual([expect.objectContaining({ uri: '/servers', regex: undefined })]);
    expect(long.problems).toEqual([
      'rate[0]: a uri of 601 characters',
      'rate[1]: a regex of 600 characters is not used; its uri is used',
    ]);
  });

  it('tells an empty list, which limits nothing, from rubbish', () => {
    expect(parsePublishedLimits({ limits: { rate: [] } }).limits).toEqual([]);
    expect(() => parsePublishedLimits({ limits: {} })).toThrow(/no "limits" with a "rate" list/);
    expect(() => parsePublishedLimits('<html>')).toThrow(TypeError);
  });
});
