import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../../src/json.ts';
import { restoreFilter, restoreRef, restoreRefs } from '../../../src/links/restore.ts';

const ID = '0f4a1f6e-50a7-4d3c-b3f1-7c2e9b0d4411';

describe('a reference', () => {
  it.each([
    `https://sluice.test/dfw/v2/700100/images/${ID}`,
    `https://sluice.test/dfw/v2.1/700100/images/${ID}`,
    `http://sluice.test:8080/dfw/700100/images/${ID}`,
    `http://sluice.test:8080/v2/700100/images/${ID}`,
    `http://sluice.test:8082/700100/images/${ID}`,
    `https://sluice.test/some/prefix/dfw/v2/700100/images/${ID}`,
    `https://dfw.compute.test/v2/700100/images/${ID}`,
    `HTTPS://images.test//images/${ID}`,
    `https://images.test/images/${ID}/`,
    `https://sluice.test/dfw/v2/700100/images/${ID}?x=1#y`,
    `/v2/700100/images/${ID}`,
    `/dfw/v2/700100/images//${ID}`,
  ])('%s is cut to its id', (url) => {
    expect(restoreRef(url, 'images')).toBe(ID);
  });

  it.each([
    ID,
    '',
    '2',
    'images/2',
    'https://sluice.test/dfw/v2/700100/flavors/2',
    'https://sluice.test/dfw/v2/700100/images',
    'https://sluice.test/dfw/v2/700100/images/',
    'https://sluice.test/?x=/images/2',
    'https://sluice.test/dfw/images/%E0%A4%A',
    'urn:images/2',
  ])('%s stays', (reference) => {
    expect(restoreRef(reference, 'images')).toBe(reference);
  });

  it('decodes an id', () => {
    expect(restoreRef('http://a.test/v2/1/flavors/performance1%2D1', 'flavors')).toBe('performance1-1');
  });
});

describe('a body', () => {
  const image = `http://sluice.test/dfw/v2/700100/images/${ID}`;
  const flavor = 'http://sluice.test/dfw/700100/flavors/2';

  it.each<[string, JsonValue, JsonValue]>([
    [
      'create',
      { server: { name: 'web', imageRef: image, flavorRef: flavor, metadata: { imageRef: image } } },
      { server: { name: 'web', imageRef: ID, flavorRef: '2', metadata: { imageRef: image } } },
    ],
    [
      'rebuild',
      { rebuild: { imageRef: image, flavorRef: flavor } },
      { rebuild: { imageRef: ID, flavorRef: '2' } },
    ],
    ['resize', { resize: { flavorRef: flavor } }, { resize: { flavorRef: '2' } }],
    ['rescue', { rescue: { rescue_image_ref: image } }, { rescue: { rescue_image_ref: ID } }],
    [
      'with a scheduler hint beside it',
      { server: { imageRef: image }, h: null },
      { server: { imageRef: ID }, h: null },
    ],
  ])('%s', (_title, body, expected) => {
    const before = structuredClone(body);
    expect(restoreRefs(body)).toEqual(expected);
    expect(body).toEqual(before);
  });

  it.each<[JsonValue]>([
    [{ server: { imageRef: ID, flavorRef: 2, name: image } }],
    [{ server: null, imageRef: image }],
    [{ reboot: { type: 'SOFT' } }],
    [[image]],
    [image],
    [null],
  ])('without a URL in its place is the same value: %j', (body) => {
    expect(restoreRefs(body)).toBe(body);
  });

  it('keeps the spelling of flavour ids that are numbers', () => {
    expect(restoreRefs({ resize: { flavorRef: 3 } })).toEqual({ resize: { flavorRef: 3 } });
  });
});

describe('a parameter of a query', () => {
  const url = encodeURIComponent(`https://sluice.test/dfw/v2/700100/servers/${ID}`);

  it.each([
    [`server=${url}`, `server=${ID}`],
    [`server=https://sluice.test/dfw/700100/servers/${ID}`, `server=${ID}`],
    ['image=/v2/1/images/7', 'image=7'],
    ['server=%2Fv2%2F1%2Fservers%2Fa%2520b', 'server=a%20b'],
  ])('%s becomes %s', (parameter, expected) => {
    expect(restoreFilter(parameter)).toBe(expected);
  });

  it.each([
    '',
    'limit=1',
    `server=${ID}`,
    `name=${url}`,
    'server',
    'server=%25E0%25A4%25A/',
    '=/v2/1/servers/1',
    'constructor=/v2/1/servers/1',
    'server=/v2/1/images/1',
  ])('%s stays', (parameter) => {
    expect(restoreFilter(parameter)).toBe(parameter);
  });
});
