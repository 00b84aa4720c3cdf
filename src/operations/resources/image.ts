import { asynchronousFault } from './fault.ts';
import { links } from './links.ts';
import { alwaysMetadata, metadataMember } from './metadata.ts';
import { attribute, type DocumentShape, type Member, numeric, type ObjectShape } from './shape.ts';

const members = (metadata: Member): ObjectShape['members'] => ({
  progress: numeric,
  minDisk: numeric,
  minRam: numeric,
  // Only the schema knows these of images, no real server writes them.
  tenant_id: { as: 'omitted', only: 'answer' },
  user_id: { as: 'omitted', only: 'answer' },
  server: {
    as: 'element',
    shape: { kind: 'object', element: 'server', members: { id: attribute, name: attribute, links } },
  },
  metadata,
  fault: asynchronousFault,
  links,
});

const image = (metadata: Member): ObjectShape => ({
  kind: 'object',
  element: 'image',
  members: members(metadata),
});

const listOf = (item: ObjectShape): DocumentShape => ({
  key: 'images',
  namespace: 'compute',
  shape: { kind: 'list', element: 'images', item },
});

/** Images (guide section 2.6); a brief list never has an empty `<metadata/>`. */
export const imageDocument: DocumentShape = {
  key: 'image',
  namespace: 'compute',
  shape: image(alwaysMetadata),
};
export const imagesDocument = listOf(image(metadataMember));
export const imagesDetailDocument = listOf(image(alwaysMetadata));
