import fc from 'fast-check';
import { Fault } from '../../../src/faults/faults.ts';
import { OPERATIONS } from '../../../src/operations/table.ts';
import { readRequestBody } from '../../../src/serving/request-body.ts';
import type { FuzzTarget } from '../target.ts';
import { bent, jsonValue } from '../text.ts';

const NAMES = [
  'server',
  'name',
  'imageRef',
  'flavorRef',
  'metadata',
  'personality',
  'reboot',
  'type',
  'networks',
  'OS-DCF:diskConfig',
  'resize',
  'createImage',
];
const XML_PIECES = [
  ...[
    '<server ',
    'xmlns="http://docs.openstack.org/compute/api/v1.1"',
    '>',
    '</server>',
    '/>',
    '<metadata>',
    '<meta key="a">',
    '</meta>',
  ],
  ...[
    '<personality>',
    '<file path="a">',
    '&amp;',
    '&lt',
    '&#0;',
    '&#x10FFFF;',
    '&#xD800;',
    '<!--',
    '-->',
    '<![CDATA[',
    ']]>',
    '<?xml version="1.0"?>',
  ],
  ...[
    '<!DOCTYPE a [<!ENTITY b "c">]>',
    'name="n"',
    ' ',
    '\n',
    '<reboot type="SOFT"/>',
    'xmlns:a="b"',
    'a:b="c"',
    '<a:b/>',
    '<x>',
  ],
];
const JSON_PIECES = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"server"',
  '"name"',
  '"a"',
  '1e999',
  '-0',
  'null',
  '\\u0000',
  '"\\',
  ' ',
  '{"server":{',
  '"imageRef":"1"',
];

const operation = fc.constantFrom<Parameters<typeof readRequestBody>[2]>(
  'action',
  ...OPERATIONS.filter(({ request }) => request !== null),
);
const body = fc.oneof(
  fc.record({
    type: fc.constant('application/json'),
    text: jsonValue(NAMES, ['1', 'http://h/v2/1/images/1']).map((value) => JSON.stringify(value)),
  }),
  fc.record({ type: fc.constant('application/json'), text: bent(JSON_PIECES) }),
  fc.record({ type: fc.constant('application/xml'), text: bent(XML_PIECES) }),
  fc.record({
    type: fc.constant('application/xml'),
    text: bent(XML_PIECES).map(
      (text) => `<server xmlns="http://docs.openstack.org/compute/api/v1.1" name="n">${text}</server>`,
    ),
  }),
);

/** Bodies in both formats: a fault that says where, or JSON for the region. */
export const bodies: FuzzTarget<{
  body: { type: string; text: string };
  operation: Parameters<typeof readRequestBody>[2];
}> = {
  name: 'bodies of requests, JSON and XML',
  arbitrary: fc.record({ body, operation }),
  async check({ body: { type, text }, operation: known }) {
    try {
      const read = await readRequestBody(Buffer.from(text), type, known);
      JSON.parse(String(read.body).replace(/^\ufeff/, ''));
    } catch (error) {
      if (!(error instanceof Fault) || error.code < 400 || error.code > 499) throw error;
    }
  },
};
