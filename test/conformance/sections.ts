import type { Section } from './section.ts';
import { identity } from './sections/section-1.3-identity.ts';
import { requestResponseTypes } from './sections/section-1.4-request-response-types.ts';
import { linksAndReferences } from './sections/section-1.5-links-and-references.ts';
import { paginatedCollections } from './sections/section-1.6-paginated-collections.ts';
import { changesSince } from './sections/section-1.7-changes-since.ts';
import { absoluteLimits, getLimits, rateLimits } from './sections/section-1.8-limits.ts';
import { getVersionDetails, listVersions } from './sections/section-1.9-versions.ts';
import {
  extendedResponsesAndActions,
  getExtensionDetails,
  listExtensions,
} from './sections/section-1.10-extensions.ts';
import { asynchronousFaults, synchronousFaults } from './sections/section-1.11-faults.ts';
import { createServer } from './sections/section-2.1.2-create-server.ts';
import { deleteServer, getServerDetails, listServers, updateServer } from './sections/section-2.1-servers.ts';
import { listAddresses, listAddressesByNetwork } from './sections/section-2.2-server-addresses.ts';
import {
  changePassword,
  confirmResize,
  createImage,
  reboot,
  rebuild,
  rescue,
  resize,
  revertResize,
  unrescue,
} from './sections/section-2.3-server-actions.ts';
import {
  attachVolume,
  detachVolume,
  getVolumeAttachment,
  listVolumeAttachments,
} from './sections/section-2.4-volume-attachments.ts';
import { getFlavorDetails, listFlavors } from './sections/section-2.5-flavors.ts';
import { deleteImage, getImageDetails, listImages } from './sections/section-2.6-images.ts';
import {
  deleteMetadataItem,
  getMetadataItem,
  listMetadata,
  setMetadata,
  setMetadataItem,
  updateMetadata,
} from './sections/section-2.7-metadata.ts';
import {
  bandwidthStats,
  diskConfiguration,
  extendedStatus,
  rescueMode,
  usedLimits,
} from './sections/section-3-extensions.ts';

/** Every section of the guide that promises something, in the guide's order. */
export const SECTIONS: readonly Section[] = [
  identity,
  requestResponseTypes,
  linksAndReferences,
  paginatedCollections,
  changesSince,
  rateLimits,
  absoluteLimits,
  getLimits,
  listVersions,
  getVersionDetails,
  listExtensions,
  getExtensionDetails,
  extendedResponsesAndActions,
  synchronousFaults,
  asynchronousFaults,
  listServers,
  createServer,
  getServerDetails,
  updateServer,
  deleteServer,
  listAddresses,
  listAddressesByNetwork,
  changePassword,
  reboot,
  rebuild,
  resize,
  confirmResize,
  revertResize,
  rescue,
  unrescue,
  createImage,
  attachVolume,
  listVolumeAttachments,
  getVolumeAttachment,
  detachVolume,
  listFlavors,
  getFlavorDetails,
  listImages,
  getImageDetails,
  deleteImage,
  listMetadata,
  setMetadata,
  updateMetadata,
  getMetadataItem,
  setMetadataItem,
  deleteMetadataItem,
  bandwidthStats,
  diskConfiguration,
  extendedStatus,
  rescueMode,
  usedLimits,
];
