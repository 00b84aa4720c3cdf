import type { JsonObject } from '../../../src/json.ts';
import { ensureEqual, ensureStatus, listIn, objectIn, textOf } from '../expectation.ts';
import type { Section } from '../section.ts';
import type { Trial } from '../trial.ts';

const pathOf = (id: string): string => `/servers/${id}/os-volume_attachments`;

/** The section's server with the volume attached. */
async function attached(trial: Trial): Promise<{ path: string; attachment: JsonObject }> {
  const path = pathOf(await trial.active());
  const body = { volumeAttachment: { volumeId: trial.volumeId } };
  // 200 is what real servers answer and clients insist on, 202 what the guide says.
  const answer = ensureStatus(await trial.ask('POST', path, { body }), 200, 202);
  return { path, attachment: objectIn(answer, 'volumeAttachment') };
}

async function detach(trial: Trial, path: string): Promise<void> {
  ensureStatus(await trial.ask('DELETE', `${path}/${trial.volumeId}`), 202);
}

/** Section 2.4.1 */
export const attachVolume: Section = {
  id: '2.4.1',
  title: 'Attach Volume to Server',
  cases: [
    {
      name: 'a device is assigned, and the volume cannot be attached twice',
      needs: 'volume',
      async run(trial) {
        const { path, attachment } = await attached(trial);
        textOf(attachment, 'device');
        ensureEqual(attachment['volumeId'], trial.volumeId, 'the volume');
        const body = { volumeAttachment: { volumeId: trial.volumeId } };
        if (trial.control) trial.expectFault(await trial.ask('POST', path, { body }), 'conflictingRequest');
        await detach(trial, path);
      },
    },
  ],
};

/** Section 2.4.2 */
export const listVolumeAttachments: Section = {
  id: '2.4.2',
  title: 'List Volume Attachments',
  cases: [
    {
      name: 'none at first, then the one there is',
      needs: 'volume',
      async run(trial) {
        const path = pathOf(await trial.active());
        const list = async () => listIn(ensureStatus(await trial.ask('GET', path), 200), 'volumeAttachments');
        ensureEqual(await list(), [], 'the attachments of a new server');
        const { attachment } = await attached(trial);
        ensureEqual(await list(), [attachment], 'the attachments');
        await detach(trial, path);
      },
    },
  ],
};

/** Section 2.4.3 */
export const getVolumeAttachment: Section = {
  id: '2.4.3',
  title: 'Get Volume Attachment Details',
  cases: [
    {
      name: 'an attachment is found by its id; one there is not is itemNotFound',
      needs: 'volume',
      async run(trial) {
        const { path, attachment } = await attached(trial);
        const answer = ensureStatus(await trial.ask('GET', `${path}/${textOf(attachment, 'id')}`), 200);
        ensureEqual(objectIn(answer, 'volumeAttachment'), attachment, 'the attachment');
        trial.expectFault(await trial.ask('GET', `${path}/no-such-attachment`), 'itemNotFound');
        await detach(trial, path);
      },
    },
  ],
};

/** Section 2.4.4 */
export const detachVolume: Section = {
  id: '2.4.4',
  title: 'Delete Volume Attachment',
  cases: [
    {
      name: '202, and a second time itemNotFound',
      needs: 'volume',
      async run(trial) {
        const { path } = await attached(trial);
        await detach(trial, path);
        if (trial.control === null) return;
        trial.expectFault(await trial.ask('DELETE', `${path}/${trial.volumeId}`), 'itemNotFound');
      },
    },
  ],
};
