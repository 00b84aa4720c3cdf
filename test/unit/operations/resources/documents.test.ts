import { describe, expect, it } from 'vitest';
import { ACTION_NAMES, DOCUMENTS } from '../../../../src/operations/resources/documents.ts';
import { EXTENSIONS } from '../../../../src/operations/resources/extensions.ts';
import { OPERATIONS } from '../../../../src/operations/table.ts';
import { readXml, readXmlAnswer } from '../../../../src/translation/read-xml.ts';
import { renderXml, renderXmlRequest } from '../../../../src/translation/write-xml.ts';

it('describes every body of the operations table, and nothing else', () => {
  const used = new Set(OPERATIONS.flatMap(({ request, response }) => [request, response]));
  used.delete(null);
  used.delete('extensionAction');
  // The body of a 300 answers no operation in particular.
  used.add('choices');
  expect(Object.keys(DOCUMENTS).sort()).toEqual([...used].sort());
});

it('knows the actions of the table by their names', () => {
  const actions = OPERATIONS.flatMap(({ action }) =>
    action === undefined || action === '*' ? [] : [action],
  );
  expect([...ACTION_NAMES].sort()).toEqual(actions.sort());
});

describe('an entry of the extensions table is enough', () => {
  const resources = {
    server: (key: string) => ({ server: { id: '1', metadata: {}, [key]: 'x' } }),
    image: (key: string) => ({ image: { id: '1', metadata: {}, [key]: 'x' } }),
    flavor: (key: string) => ({ flavor: { id: '1', [key]: 'x' } }),
    addresses: (key: string) => ({ addresses: { public: [{ version: 4, addr: '192.0.2.1', [key]: 'x' }] } }),
    volumeAttachment: (key: string) => ({ volumeAttachment: { id: '1', [key]: 'x' } }),
  } as const;

  it('has one entry per alias', () => {
    expect(new Set(EXTENSIONS.map(({ alias }) => alias)).size).toBe(EXTENSIONS.length);
  });

  for (const { alias, namespace } of EXTENSIONS)
    it(`for ${alias}: its attributes are qualified in every resource, and read back`, () => {
      const key = `${alias}:some_attribute`;
      for (const [document, make] of Object.entries(resources)) {
        const value = make(key);
        const xml = renderXml(document as keyof typeof resources, value);
        expect(xml).toContain(`xmlns:${alias}="${namespace}"`);
        expect(xml).toContain(` ${alias}:some_attribute="x"`);
        expect(readXmlAnswer(xml, [document as keyof typeof resources]).value).toEqual(value);
      }
    });

  for (const { alias } of EXTENSIONS)
    it(`for ${alias}: its actions are actions`, () => {
      const value = { [`${alias}:do-it`]: { now: 'yes' } };
      const xml = renderXmlRequest('extensionAction', value);
      expect(readXml(xml, ['reboot', 'extensionAction'])).toMatchObject({
        document: 'extensionAction',
        value,
      });
    });
});
