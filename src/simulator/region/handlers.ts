import { listAddresses, listNetworkAddresses } from './addresses.ts';
import type { Handler } from './call.ts';
import { getExtension, listExtensions } from './extensions.ts';
import { getFlavor, listFlavors, listFlavorsDetail } from './flavors.ts';
import { deleteImage, getImage, listImages, listImagesDetail } from './images.ts';
import { imageMetadata, serverMetadata } from './metadata.ts';
import { absoluteLimitsOf } from './quotas.ts';
import { createServer } from './server-create.ts';
import { deleteServer, updateServer } from './server-update.ts';
import { getServer, listServers, listServersDetail } from './servers-list.ts';
import { attachVolume, detachVolume, getVolumeAttachment, listVolumeAttachments } from './volumes.ts';

/** Absolute limits only: rates are counted where requests arrive, outside the region. */
const getLimits: Handler = ({ settings, state, request }) => ({
  status: 200,
  body: {
    limits: {
      rate: [],
      absolute: absoluteLimitsOf(settings, state, request.tenantId),
    },
  },
});

/** Who answers which operation of the operations table; actions have their own table, in server-actions.ts. */
export const HANDLERS: Readonly<Record<string, Handler>> = {
  getLimits,
  listExtensions,
  getExtension,
  listServers,
  listServersDetail,
  createServer,
  getServer,
  updateServer,
  deleteServer,
  listAddresses,
  listNetworkAddresses,
  attachVolume,
  listVolumeAttachments,
  getVolumeAttachment,
  detachVolume,
  listFlavors,
  listFlavorsDetail,
  getFlavor,
  listImages,
  listImagesDetail,
  getImage,
  deleteImage,
  listServerMetadata: serverMetadata.list,
  setServerMetadata: serverMetadata.set,
  updateServerMetadata: serverMetadata.update,
  getServerMetadataItem: serverMetadata.getItem,
  setServerMetadataItem: serverMetadata.setItem,
  deleteServerMetadataItem: serverMetadata.deleteItem,
  listImageMetadata: imageMetadata.list,
  setImageMetadata: imageMetadata.set,
  updateImageMetadata: imageMetadata.update,
  getImageMetadataItem: imageMetadata.getItem,
  setImageMetadataItem: imageMetadata.setItem,
  deleteImageMetadataItem: imageMetadata.deleteItem,
};
