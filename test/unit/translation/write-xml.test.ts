import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../../src/json.ts';
import { RawNumber } from '../../../src/json.ts';
import { readXmlAnswer } from '../../../src/translation/read-xml.ts';
import { renderXml } from '../../../src/translation/write-xml.ts';
import { canonicalXml } from './canonical.ts';

const C = 'http://docs.openstack.org/compute/api/v1.1';
const server = (members: Record<string, JsonValue>) => renderXml('server', { server: members });

it('starts with the declaration real servers write', () => {
  expect(server({})).toBe(
    `<?xml version='1.0' encoding='UTF-8'?>\n<server xmlns="${C}"><metadata/></server>`,
  );
});

describe('values', () => {
  it.each([
    ['None', null],
    ['True', true],
    ['False', false],
    ['7', 7],
    ['2.0', new RawNumber('2.0')],
    ['', ''],
    ['a&amp;b', 'a&b'],
    ["&lt;&gt;&quot;'", '<>"\''],
    ['a&#9;b&#10;c&#13;', 'a\tb\nc\r'],
    ['\ufffd\ufffd\ufffd', '\u0000\u001f\uffff'],
    ['\ufffdx\u{1f5c4}', '\ud800x\u{1f5c4}'],
  ])('are spelt %s', (text, value) => {
    expect(server({ name: value })).toContain(` name="${text}"`);
  });

  it('keep line ends and blanks in text', () => {
    const xml = renderXml('metadata', { metadata: { k: ' a\n\tb\r]]> ' } });
    expect(xml).toContain('<meta key="k"> a\n\tb&#13;]]&gt; </meta>');
    expect(readXmlAnswer(xml, ['metadata']).value).toEqual({ metadata: { k: ' a\n\tb\r]]> ' } });
  });

  it('of metadata may be null', () => {
    expect(renderXml('metadata', { metadata: { k: null } })).toContain('<meta key="k">None</meta>');
  });
});

describe('members', () => {
  it('that are absent leave nothing, image "" and links [] neither', () => {
    expect(canonicalXml(server({ id: '1', image: '', links: [], flavor: null }))).toBe(
      canonicalXml(`<server xmlns="${C}" id="1"><metadata/></server>`),
    );
  });

  it('never make an attribute twice', () => {
    const xml = server({
      user_id: 'real',
      userId: 'other',
      'OS-EXT-STS:host': 'a',
      'OS-EXT-SRV-ATTR:host': 'b',
      'a b': '1',
      a_x0020_b: '2',
      'OS-DCF:diskConfig': 'AUTO',
      diskConfig: 'plain',
    });
    const text = canonicalXml(xml);
    expect(text).toContain('userId="real"');
    expect(text).not.toContain('other');
    expect(text).toContain('_x0020_b="1"');
  });

  it.each([
    '',
    ':',
    ':x',
    'x:',
    'xmlns',
    'xmlns:x',
    'xml:lang',
    'XML',
    '1',
    'a b',
    'ü',
    'a:b:c',
    '_x0041_',
    '\ud800',
  ])('named %j survive', (name) => {
    const value = { server: { [name]: 'v', [`${name}s`]: [{ [name]: '1' }], metadata: {} } };
    const xml = renderXml('server', value);
    expect(() => canonicalXml(xml)).not.toThrow();
    expect(readXmlAnswer(xml, ['server']).value).toEqual(value);
  });

  it('of the wrong kind still make a well-formed document', () => {
    const odd: JsonValue = {
      servers: {
        links: 'x',
        a: [1, [2, [null]], {}],
      },
      servers_links: 'no list',
    };
    for (const value of [odd, { servers: [1, 'a', null, [], { metadata: [1], addresses: 'x', links: [3] }] }])
      expect(() => canonicalXml(renderXml('servers', value))).not.toThrow();
    const addresses = { addresses: { private: ['10.0.0.1'], public: { version: 4 } } };
    expect(() => canonicalXml(renderXml('addresses', addresses))).not.toThrow();
  });
});

describe('a body with another root', () => {
  it.each([[null], [true], [7], ['text'], [[]], [{}], [[1, { a: 'b' }]], [{ a: 1, b: 2 }], [{ 'x:y': {} }]])(
    '%j makes a well-formed document',
    (value) => {
      for (const document of ['server', 'servers', 'metadata', 'meta', 'network', 'adminPass'] as const)
        expect(() => canonicalXml(renderXml(document, value as JsonValue))).not.toThrow();
    },
  );

  it('keeps what stands beside the collection', () => {
    const value = {
      servers: [{ id: '1', 'sluice:region': 'DFW' }],
      'sluice:errors': [{ region: 'ORD', fault: 'serviceUnavailable' }],
    };
    const read = readXmlAnswer(renderXml('servers', value), ['servers']);
    expect(read.value).toEqual(value);
  });

  it('takes both forms of one network and of versions', () => {
    const xml = `<network xmlns="${C}" id="public"><ip version="4" addr="192.0.2.1"/></network>`;
    const ip = [{ version: 4, addr: '192.0.2.1' }];
    expect(canonicalXml(renderXml('network', { public: ip }))).toBe(canonicalXml(xml));
    expect(canonicalXml(renderXml('network', { network: { id: 'public', ip } }))).toBe(canonicalXml(xml));
    expect(canonicalXml(renderXml('network', { network: ip }))).toContain('{}id="network"');
    expect(renderXml('versions', { versions: { values: [{ id: 'v2.0' }] } })).toContain(
      '<version id="v2.0"/>',
    );
  });
});

it('omits what real servers omit', () => {
  expect(server({ config_drive: 'x' })).not.toContain('config_drive');
  expect(renderXml('image', { image: { tenant_id: '1', user_id: '2' } })).not.toMatch(/tenant|user/);
});
