import type { DocumentName } from '../operation.ts';
import { ACTION_DOCUMENTS, adminPassDocument } from './action.ts';
import { addressesDocument, networkDocument } from './address.ts';
import { extensionDocument, extensionsDocument } from './extension.ts';
import { flavorDocument, flavorsDocument } from './flavor.ts';
import { imageDocument, imagesDetailDocument, imagesDocument } from './image.ts';
import { limitsDocument } from './limits.ts';
import { metaDocument, metadataDocument } from './metadata.ts';
import { serverDocument, serversDetailDocument, serversDocument } from './server.ts';
import type { DocumentShape } from './shape.ts';
import { choicesDocument, versionDocument, versionsDocument } from './version.ts';
import { volumeAttachmentDocument, volumeAttachmentsDocument } from './volume-attachment.ts';

/**
 * Every body of the operations table. `extensionAction` and faults have a root of any name, so they are made on
 * sight (`extensionActionDocument`, `faultDocument`).
 */
export const DOCUMENTS: Readonly<Record<Exclude<DocumentName, 'extensionAction'>, DocumentShape>> = {
  versions: versionsDocument,
  version: versionDocument,
  choices: choicesDocument,
  limits: limitsDocument,
  extensions: extensionsDocument,
  extension: extensionDocument,
  servers: serversDocument,
  serversDetail: serversDetailDocument,
  server: serverDocument,
  addresses: addressesDocument,
  network: networkDocument,
  volumeAttachments: volumeAttachmentsDocument,
  volumeAttachment: volumeAttachmentDocument,
  flavors: flavorsDocument,
  flavorsDetail: flavorsDocument,
  flavor: flavorDocument,
  images: imagesDocument,
  imagesDetail: imagesDetailDocument,
  image: imageDocument,
  metadata: metadataDocument,
  meta: metaDocument,
  adminPass: adminPassDocument,
  ...ACTION_DOCUMENTS,
};

/** Names of the action documents, for telling what an action's body may be. */
export const ACTION_NAMES = Object.keys(ACTION_DOCUMENTS) as (keyof typeof ACTION_DOCUMENTS)[];
