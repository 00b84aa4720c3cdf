import { links } from './links.ts';
import { attribute, type DocumentShape, type ObjectShape } from './shape.ts';

const version: ObjectShape = {
  kind: 'object',
  element: 'version',
  members: {
    'media-types': {
      as: 'element',
      shape: {
        kind: 'list',
        element: 'media-types',
        item: { kind: 'object', element: 'media-type', members: { base: attribute, type: attribute } },
        within: 'values',
      },
    },
    links,
  },
};

const listOf = (key: string): DocumentShape => ({
  key,
  namespace: 'common',
  shape: { kind: 'list', element: key, item: version, within: 'values' },
});

/** Versions (guide section 1.9). `choices` is the body of a 300. */
export const versionDocument: DocumentShape = { key: 'version', namespace: 'common', shape: version };
export const versionsDocument = listOf('versions');
export const choicesDocument = listOf('choices');
