import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from 'vitest';
import { judgeAdmin } from '../../../src/admin/guard.ts';

const TOKEN = 'a token of these tests';
const open = { host: '127.0.0.1', token: null };
const closed = { host: '0.0.0.0', token: TOKEN };
const kindOf = (
  headers: IncomingHttpHeaders,
  settings: typeof open | typeof closed = open,
  isProbe = false,
) => {
  const verdict = judgeAdmin(headers, isProbe, settings);
  return verdict.kind === 'refused' ? verdict.status : verdict.kind;
};

describe('without a token', () => {
  it.each([
    '127.0.0.1:8081',
    '127.0.0.1',
    'localhost:8081',
    'LOCALHOST',
    'gateway.localhost:8081',
    '[::1]:8081',
    '10.1.2.3:8081',
  ])('whoever asks this machine as %s is answered', (host) => {
    expect(kindOf({ host })).toBe('granted');
  });

  it.each([
    'attacker.example:8081',
    'localhost.attacker.example',
    '127.0.0.1.attacker.example',
    'a b',
    '',
    'x@localhost@y',
    '127.0.0.1x',
  ])('a name that a page can make lead here is refused: %s', (host) => {
    expect(kindOf({ host })).toBe(403);
    expect(kindOf({ host }, open, true)).toBe('probe');
  });

  it('the name that admin.host has is this machine’s', () => {
    expect(kindOf({ host: 'gw.internal:8081' }, { host: 'GW.internal', token: null })).toBe('granted');
  });

  it('HTTP/1.0 names no host', () => {
    expect(kindOf({})).toBe('granted');
  });
});

describe('what a browser marks as another site’s is refused, with a token too', () => {
  const host = '127.0.0.1:8081';
  it.each([
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'something new' },
    { origin: 'https://attacker.example' },
    { origin: 'http://127.0.0.1:3000' },
    { origin: 'http://127.0.0.1' },
    { origin: 'null' },
    { origin: '' },
    { origin: `http://${host}`, 'sec-fetch-site': 'cross-site' },
  ])('%j', (headers) => {
    expect(kindOf({ host, ...headers })).toBe(403);
    expect(kindOf({ host, ...headers }, open, true)).toBe(403);
    expect(kindOf({ host, ...headers, authorization: `Bearer ${TOKEN}` }, closed)).toBe(403);
  });

  it.each([
    { 'sec-fetch-site': 'none' },
    { 'sec-fetch-site': 'same-origin', origin: `http://${host}` },
    { origin: `https://${host}` },
  ])('but not its own, or what an operator types: %j', (headers) => {
    expect(kindOf({ host, ...headers })).toBe('granted');
  });
});

describe('with a token', () => {
  it.each([`Bearer ${TOKEN}`, `bearer  ${TOKEN}`])('%s is answered, by any name', (authorization) => {
    expect(kindOf({ host: 'gateway:8081', authorization }, closed)).toBe('granted');
  });

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(1)}`,
    `Basic ${TOKEN}`,
    TOKEN,
  ])('%j is refused, and a probe told the least', (authorization) => {
    const headers = { host: 'gateway:8081', ...(authorization === undefined ? {} : { authorization }) };
    expect(kindOf(headers, closed)).toBe(401);
    expect(kindOf(headers, closed, true)).toBe('probe');
  });
});
