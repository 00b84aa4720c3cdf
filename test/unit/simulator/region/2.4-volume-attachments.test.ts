import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../../../src/json.ts';
import { expectFault, harness, object, TENANT } from './harness.ts';

const attach = (volumeId: string, device?: JsonValue) => ({
  volumeAttachment: device === undefined ? { volumeId } : { volumeId, device },
});

describe('2.4 Volume Attachment Actions', () => {
  it('attaches, lists, shows and detaches', () => {
    const h = harness();
    const id = h.active();
    const url = `/servers/${id}/os-volume_attachments`;
    const attachment = { id: 'v-1', volumeId: 'v-1', serverId: id, device: '/dev/xvdb' };
    const answer = h.ask('POST', url, attach('v-1', '/dev/xvdb'));
    expect(answer).toEqual({
      status: 200,
      operation: 'attachVolume',
      body: { volumeAttachment: attachment },
    });
    expect(h.get(url)).toEqual({ volumeAttachments: [attachment] });
    expect(h.get(`${url}/v-1`)).toEqual({ volumeAttachment: attachment });
    expect(h.ask('DELETE', `${url}/v-1`)).toEqual({ status: 202, operation: 'detachVolume' });
    expect(h.get(url)).toEqual({ volumeAttachments: [] });
    expectFault(() => h.get(`${url}/v-1`), 'itemNotFound');
    expectFault(() => h.ask('DELETE', `${url}/v-1`), 'itemNotFound');
  });

  it("answers the guide's 202 by a switch", () => {
    const h = harness({ attachVolumeStatus: 202 });
    expect(h.ask('POST', `/servers/${h.active()}/os-volume_attachments`, attach('v')).status).toBe(202);
  });

  it('assigns the first free device for null, "auto", "" and nothing', () => {
    const h = harness();
    const url = `/servers/${h.active()}/os-volume_attachments`;
    h.ask('POST', url, attach('taken', '/dev/xvdc'));
    const devices = [null, 'auto', '', undefined].map((device, index) => {
      const { body } = h.ask('POST', url, attach(`v-${index}`, device));
      return object(object(body)['volumeAttachment'])['device'];
    });
    expect(devices).toEqual(['/dev/xvdb', '/dev/xvdd', '/dev/xvde', '/dev/xvdf']);
  });

  it('has conflicts: a device in use, a volume attached elsewhere or here', () => {
    const h = harness();
    const [one, two] = [h.create(), h.create()];
    h.clock.tick(20_000);
    const post = (id: string, body: JsonValue) => h.ask('POST', `/servers/${id}/os-volume_attachments`, body);
    post(one, attach('v-1', '/dev/xvdb'));
    expect(expectFault(() => post(one, attach('v-2', '/dev/xvdb')), 'conflictingRequest').code).toBe(409);
    expectFault(() => post(one, attach('v-1')), 'conflictingRequest');
    expectFault(() => post(two, attach('v-1')), 'conflictingRequest');
    h.ask('DELETE', `/servers/${one}`);
    expect(post(two, attach('v-1')).status).toBe(200);
  });

  it('is refused while the server is built or resized, and for wrong bodies', () => {
    const h = harness();
    const id = h.create();
    const post = (body?: JsonValue) => h.ask('POST', `/servers/${id}/os-volume_attachments`, body);
    expectFault(() => post(attach('v')), 'buildInProgress');
    h.clock.tick(20_000);
    for (const body of [undefined, {}, { volumeAttachment: {} }, attach('v', 'xvdb'), attach('v', 5)])
      expectFault(() => post(body), 'badRequest');
    post(attach('v'));
    h.action(id, { resize: { flavorRef: '3' } });
    expectFault(() => post(attach('w')), 'backupOrResizeInProgress');
    expectFault(() => h.ask('DELETE', `/servers/${id}/os-volume_attachments/v`), 'backupOrResizeInProgress');
  });

  it('knows only the volumes of the seed, when it names any', () => {
    const h = harness();
    h.region.seed({ volumes: { [TENANT]: ['known'] } });
    const url = `/servers/${h.active()}/os-volume_attachments`;
    expectFault(() => h.ask('POST', url, attach('unknown')), 'itemNotFound');
    expect(h.ask('POST', url, attach('known')).status).toBe(200);
  });

  it('is full after 25 volumes', () => {
    const h = harness();
    const url = `/servers/${h.active()}/os-volume_attachments`;
    for (let index = 0; index < 25; index++) h.ask('POST', url, attach(`v-${index}`));
    expectFault(() => h.ask('POST', url, attach('one-more')), 'forbidden');
  });
});
