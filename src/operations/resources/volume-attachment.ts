import { type DocumentShape, nullable, type ObjectShape } from './shape.ts';

const volumeAttachment: ObjectShape = {
  kind: 'object',
  element: 'volumeAttachment',
  members: { device: nullable },
};

/** Volume attachments (guide section 2.4): real servers put them into no namespace at all. */
export const volumeAttachmentDocument: DocumentShape = {
  key: 'volumeAttachment',
  namespace: 'none',
  shape: volumeAttachment,
};
export const volumeAttachmentsDocument: DocumentShape = {
  key: 'volumeAttachments',
  namespace: 'none',
  shape: { kind: 'list', element: 'volumeAttachments', item: volumeAttachment },
};
