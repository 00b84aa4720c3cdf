import type { JsonObject } from '../../../src/json.ts';
import {
  ensure,
  ensureEqual,
  ensureStatus,
  lastSegment,
  numberOf,
  objectIn,
  textOf,
  timeOf,
} from '../expectation.ts';
import type { Section } from '../section.ts';
import type { Trial } from '../trial.ts';

/** Section 3.1 */
export const bandwidthStats: Section = {
  id: '3.1',
  title: 'Bandwidth Stats Extension',
  cases: [
    {
      name: 'a server that has run for a while shows the bandwidth of each network, and more an hour later',
      needs: 'world',
      async run(trial) {
        const id = await trial.active();
        const amounts = async (): Promise<number[]> => {
          const list = (await trial.server(id))['rax-bandwidth:bandwidth'] as JsonObject[];
          for (const item of list) {
            textOf(item, 'interface');
            ensure(
              timeOf(item, 'audit_period_start') < timeOf(item, 'audit_period_end'),
              'the audit period is empty',
            );
          }
          return list.map(
            (item) => numberOf(item, 'bandwidth_inbound') + numberOf(item, 'bandwidth_outbound'),
          );
        };
        await trial.pass(600_000);
        const before = await amounts();
        await trial.pass(3_600_000);
        const after = await amounts();
        ensureEqual(after.length, 2, 'the number of networks');
        ensure(
          after.every((amount, index) => amount > before[index]!),
          `it went from ${before} to ${after}`,
        );
      },
    },
  ],
};

/** Section 3.2 */
export const diskConfiguration: Section = {
  id: '3.2',
  title: 'Disk Configuration Extension',
  cases: [
    {
      name: 'a server has the disk configuration that was given, else that of its image',
      needs: 'world',
      async run(trial) {
        const path = `/images/${trial.range.image}`;
        const image = objectIn(ensureStatus(await trial.ask('GET', path), 200), 'image');
        const inherited = await trial.server(await trial.create());
        ensureEqual(inherited['OS-DCF:diskConfig'], image['OS-DCF:diskConfig'], 'the inherited one');
        const given = await trial.server(await trial.create({ 'OS-DCF:diskConfig': 'MANUAL' }));
        ensureEqual(given['OS-DCF:diskConfig'], 'MANUAL', 'the given one');
      },
    },
    {
      name: 'a rebuild and a resize change it, and an image inherits it',
      needs: 'world',
      async run(trial) {
        const id = await trial.active();
        const config = async () => (await trial.server(id))['OS-DCF:diskConfig'];
        const imageRef = trial.range.image;
        ensureStatus(await trial.act(id, { rebuild: { imageRef, 'OS-DCF:diskConfig': 'MANUAL' } }), 202);
        await trial.until(`/servers/${id}`, 'ACTIVE');
        ensureEqual(await config(), 'MANUAL', 'the one after the rebuild');
        const taken = ensureStatus(await trial.act(id, { createImage: { name: 'manual' } }), 202);
        const image = await trial.until(`/images/${lastSegment(taken.headers.get('location')!)}`, 'ACTIVE');
        ensureEqual(image['OS-DCF:diskConfig'], 'MANUAL', 'the one of the image');
        const { largerFlavor: flavorRef } = trial.range;
        ensureStatus(await trial.act(id, { resize: { flavorRef, 'OS-DCF:diskConfig': 'AUTO' } }), 202);
        ensureEqual(await config(), 'AUTO', 'the one after the resize');
      },
    },
    {
      name: 'another value is badRequest',
      needs: 'world',
      async run(trial) {
        const { image: imageRef, flavor: flavorRef } = trial.range;
        const server = { name: 'odd', imageRef, flavorRef, 'OS-DCF:diskConfig': 'SOMETIMES' };
        trial.expectFault(await trial.ask('POST', '/servers', { body: { server } }), 'badRequest');
      },
    },
  ],
};

/** vm_state, task_state and power_state of a server. */
async function statesOf(trial: Trial, id: string): Promise<unknown[]> {
  const server = await trial.server(id);
  const task = server['OS-EXT-STS:task_state'] || null;
  return [server['OS-EXT-STS:vm_state'], task, Number(server['OS-EXT-STS:power_state'])];
}

/** Section 3.3 */
export const extendedStatus: Section = {
  id: '3.3',
  title: 'Extended Status Extension',
  cases: [
    {
      name: 'vm, task and power state are those of Tables 3.1 and 3.2, while building and when ready',
      needs: 'world',
      async run(trial) {
        const id = await trial.create();
        const building = ['building', 'scheduling', 0];
        ensureEqual(await statesOf(trial, id), building, 'the states of a server that is being built');
        await trial.until(`/servers/${id}`, 'ACTIVE');
        const ready = ['active', null, 1];
        ensureEqual(await statesOf(trial, id), ready, 'the states of a server that is ready');
      },
    },
    {
      name: 'an action that is under way is the task of its row in Table 3.2',
      needs: 'world',
      async run(trial) {
        const id = await trial.active();
        for (const [body, expected, end] of [
          [{ reboot: { type: 'SOFT' } }, ['active', 'rebooting', 1], 'ACTIVE'],
          [{ reboot: { type: 'HARD' } }, ['active', 'rebooting_hard', 1], 'ACTIVE'],
          [{ changePassword: { adminPass: 'An0ther-one' } }, ['active', 'updating_password', 1], 'ACTIVE'],
          [{ rebuild: { name: 'x', imageRef: trial.range.image } }, ['active', 'rebuilding', 0], 'ACTIVE'],
          [
            { resize: { flavorRef: trial.range.largerFlavor } },
            ['active', 'resize_prep', 0],
            'VERIFY_RESIZE',
          ],
          [{ revertResize: {} }, ['resized', 'resize_reverting', 0], 'ACTIVE'],
        ] as const) {
          ensureStatus(await trial.act(id, body as JsonObject), 202);
          const action = Object.keys(body)[0];
          ensureEqual(await statesOf(trial, id), expected, `the states during ${action}`);
          await trial.until(`/servers/${id}`, end);
        }
      },
    },
    {
      name: 'a server that was shut down, suspended or is migrated says so',
      needs: 'world',
      async run(trial) {
        const id = await trial.active();
        for (const [status, expected] of [
          ['SHUTOFF', ['stopped', null, 4]],
          ['SUSPENDED', ['suspended', null, 4]],
          ['MIGRATING', ['active', 'migrating', 1]],
        ] as const) {
          trial.control!.setStatus(id, status);
          ensureEqual(await statesOf(trial, id), expected, `the states of ${status}`);
        }
      },
    },
  ],
};

/** Section 3.4 */
export const rescueMode: Section = {
  id: '3.4',
  title: 'Rescue Mode Extension',
  cases: [
    {
      name: 'a rescued server may be rebooted, and leaves rescue mode',
      needs: 'world',
      async run(trial) {
        const id = await trial.active();
        ensureStatus(await trial.act(id, { rescue: {} }), 200);
        await trial.until(`/servers/${id}`, 'RESCUE');
        ensureStatus(await trial.act(id, { reboot: { type: 'HARD' } }), 202);
        await trial.pass(60_000);
        ensureStatus(await trial.act(id, { unrescue: {} }), 202);
        await trial.until(`/servers/${id}`, 'ACTIVE');
      },
    },
  ],
};

/** Section 3.5 */
export const usedLimits: Section = {
  id: '3.5',
  title: 'Used Limits Extension',
  cases: [
    {
      name: 'what is used stands beside the maximum, and is never more',
      needs: 'read',
      async run(trial) {
        const answer = ensureStatus(await trial.ask('GET', '/limits', { comparison: 'status' }), 200, 203);
        const absolute = objectIn(answer, 'limits')['absolute'] as JsonObject;
        for (const [used, most] of [
          ['totalInstancesUsed', 'maxTotalInstances'],
          ['totalRAMUsed', 'maxTotalRAMSize'],
          ['totalCoresUsed', 'maxTotalCores'],
        ] as const) {
          const limit = numberOf(absolute, most);
          ensure(limit < 0 || numberOf(absolute, used) <= limit, `${used} is above ${most}`);
        }
      },
    },
  ],
};
