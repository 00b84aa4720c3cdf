import type { JsonObject } from '../../../src/json.ts';
import {
  ensure,
  ensureEmpty,
  ensureEqual,
  ensureStatus,
  lastSegment,
  objectIn,
  textOf,
} from '../expectation.ts';
import type { Section } from '../section.ts';
import type { Trial } from '../trial.ts';

const DAY_MS = 86_400_000;

/** Section 2.3.1 */
export const changePassword: Section = {
  id: '2.3.1',
  title: 'Change Administrator Password',
  cases: [
    {
      name: '202, then ACTIVE -> PASSWORD -> ACTIVE',
      needs: 'write',
      async run(trial) {
        const id = await trial.active();
        ensureEmpty(await trial.act(id, { changePassword: { adminPass: 'An0ther-one' } }), 202);
        await trial.expectWay(id, 'PASSWORD', 'ACTIVE');
      },
    },
    {
      name: 'without a password it is badRequest',
      needs: 'write',
      async run(trial) {
        const body = { changePassword: { adminPass: '' } };
        trial.expectFault(await trial.act(await trial.active(), body), 'badRequest');
      },
    },
    {
      name: 'during a build it is buildInProgress',
      needs: 'world',
      async run(trial) {
        const body = { changePassword: { adminPass: 'Too-s00n' } };
        trial.expectFault(await trial.act(await trial.create(), body), 'buildInProgress');
      },
    },
  ],
};

/** Section 2.3.2 */
export const reboot: Section = {
  id: '2.3.2',
  title: 'Reboot Server',
  cases: [
    {
      name: '202, then ACTIVE -> REBOOT -> ACTIVE, or HARD_REBOOT',
      needs: 'write',
      async run(trial) {
        const id = await trial.active();
        for (const [type, via] of [
          ['SOFT', 'REBOOT'],
          ['HARD', 'HARD_REBOOT'],
        ] as const) {
          ensureEmpty(await trial.act(id, { reboot: { type } }), 202);
          await trial.expectWay(id, via, 'ACTIVE');
        }
      },
    },
    {
      name: 'a server that was shut down from inside is powered on again (the note in section 2.3)',
      needs: 'world',
      async run(trial) {
        const id = await trial.active();
        trial.control!.setStatus(id, 'SHUTOFF');
        const { status, 'OS-EXT-STS:power_state': power } = await trial.server(id);
        ensureEqual([status, power], ['SHUTOFF', 4], 'status and power state');
        ensureEmpty(await trial.act(id, { reboot: { type: 'HARD' } }), 202);
        await trial.expectWay(id, 'HARD_REBOOT', 'ACTIVE');
      },
    },
    {
      name: 'a type there is not is badRequest, a second reboot in the first a conflict',
      needs: 'world',
      async run(trial) {
        const id = await trial.active();
        trial.expectFault(await trial.act(id, { reboot: { type: 'GENTLE' } }), 'badRequest');
        ensureEmpty(await trial.act(id, { reboot: { type: 'HARD' } }), 202);
        trial.expectFault(await trial.act(id, { reboot: { type: 'HARD' } }), 'conflictingRequest');
      },
    },
  ],
};

/** Section 2.3.3 */
export const rebuild: Section = {
  id: '2.3.3',
  title: 'Rebuild Server',
  cases: [
    {
      name: '202 with the server and a password, then ACTIVE -> REBUILD -> ACTIVE with the new image',
      needs: 'write',
      async run(trial) {
        const id = await trial.active();
        const { otherImage } = trial.range;
        const given = { name: 'rebuilt', imageRef: otherImage, metadata: { role: 'new' } };
        const answer = ensureStatus(await trial.act(id, { rebuild: given }), 202);
        const server = objectIn(answer, 'server');
        ensureEqual(server['id'], id, 'the id in the answer');
        textOf(server, 'adminPass');
        ensure(
          answer.headers.get('location')?.endsWith(`/servers/${id}`) === true,
          'Location is not the server',
        );
        const { name, image, metadata } = await trial.expectWay(id, 'REBUILD', 'ACTIVE');
        const is = [name, (image as JsonObject)['id'], metadata];
        ensureEqual(is, ['rebuilt', otherImage, { role: 'new' }], 'name, image and metadata');
      },
    },
    {
      name: 'without an image it is badRequest, with one that is not there a fault',
      needs: 'world',
      async run(trial) {
        const id = await trial.active();
        trial.expectFault(await trial.act(id, { rebuild: { name: 'x', imageRef: '' } }), 'badRequest');
        trial.expectFault(await trial.act(id, { rebuild: { name: 'x', imageRef: 'none' } }), 'itemNotFound');
      },
    },
  ],
};

async function startResize(trial: Trial): Promise<string> {
  const id = await trial.active();
  ensureEmpty(await trial.act(id, { resize: { flavorRef: trial.range.largerFlavor } }), 202);
  await trial.expectWay(id, 'RESIZE', 'VERIFY_RESIZE');
  return id;
}

const flavorOf = (server: JsonObject): unknown => (server['flavor'] as JsonObject)['id'];

/** Section 2.3.4 */
export const resize: Section = {
  id: '2.3.4',
  title: 'Resize Server',
  cases: [
    {
      name: 'to the flavor it has is resizeNotAllowed, to one there is not a fault',
      needs: 'world',
      async run(trial) {
        const id = await trial.active();
        const answer = await trial.act(id, { resize: { flavorRef: trial.range.flavor } });
        trial.expectFault(answer, 'resizeNotAllowed');
        trial.expectFault(await trial.act(id, { resize: { flavorRef: '4711' } }), 'itemNotFound');
      },
    },
    {
      name: '202, then ACTIVE -> RESIZE -> VERIFY_RESIZE with the new flavor; nothing else is possible until then',
      needs: 'write',
      async run(trial) {
        const id = await startResize(trial);
        ensureEqual(flavorOf(await trial.server(id)), trial.range.largerFlavor, 'the flavor');
        trial.expectFault(await trial.act(id, { reboot: { type: 'SOFT' } }), 'backupOrResizeInProgress');
      },
    },
    {
      name: 'what nobody confirms is confirmed after 24 hours',
      needs: 'world',
      async run(trial) {
        const id = await trial.active();
        await trial.pass(DAY_MS + 60_000);
        const { status, flavor } = await trial.server(id);
        const is = [status, (flavor as JsonObject)['id']];
        ensureEqual(is, ['ACTIVE', trial.range.largerFlavor], 'status and flavor');
      },
    },
  ],
};

/** Section 2.3.5 */
export const confirmResize: Section = {
  id: '2.3.5',
  title: 'Confirm Resized Server',
  cases: [
    {
      name: 'with nothing to confirm it is resizeNotAllowed',
      needs: 'world',
      async run(trial) {
        trial.expectFault(await trial.act(await trial.active(), { confirmResize: {} }), 'resizeNotAllowed');
      },
    },
    {
      name: '204, and the server keeps the new flavor',
      needs: 'write',
      async run(trial) {
        const id = await startResize(trial);
        ensureEmpty(await trial.act(id, { confirmResize: {} }), 204);
        const server = await trial.until(`/servers/${id}`, 'ACTIVE');
        ensureEqual(flavorOf(server), trial.range.largerFlavor, 'the flavor');
      },
    },
  ],
};

/** Section 2.3.6 */
export const revertResize: Section = {
  id: '2.3.6',
  title: 'Revert Resized Server',
  cases: [
    {
      name: '202, then VERIFY_RESIZE -> REVERT_RESIZE -> ACTIVE with the old flavor',
      needs: 'write',
      async run(trial) {
        const id = await startResize(trial);
        ensureEmpty(await trial.act(id, { revertResize: {} }), 202);
        const server = await trial.expectWay(id, 'REVERT_RESIZE', 'ACTIVE');
        ensureEqual(flavorOf(server), trial.range.flavor, 'the flavor');
      },
    },
  ],
};

/** Section 2.3.7 */
export const rescue: Section = {
  id: '2.3.7',
  title: 'Rescue Server',
  cases: [
    {
      name: '200 with a password, then ACTIVE -> PREP_RESCUE -> RESCUE, for 90 minutes at most',
      needs: 'world',
      async run(trial) {
        const id = await trial.active();
        const answer = ensureStatus(await trial.act(id, { rescue: {} }), 200);
        textOf(answer.body as JsonObject, 'adminPass');
        await trial.expectWay(id, 'PREP_RESCUE', 'RESCUE');
        await trial.pass(92 * 60_000);
        ensureEqual((await trial.server(id))['status'], 'ACTIVE', 'the status after 92 minutes');
      },
    },
  ],
};

/** Section 2.3.8 */
export const unrescue: Section = {
  id: '2.3.8',
  title: 'Unrescue Server',
  cases: [
    {
      name: '202, then RESCUE -> PREP_UNRESCUE -> ACTIVE; to a server that is not rescued it is operationNotAllowed',
      needs: 'world',
      async run(trial) {
        const id = await trial.active();
        trial.expectFault(await trial.act(id, { unrescue: {} }), 'operationNotAllowed');
        const adminPass = 'R3scue-me';
        const rescued = ensureStatus(await trial.act(id, { rescue: { adminPass } }), 200);
        ensureEqual((rescued.body as JsonObject)['adminPass'], adminPass, 'the password');
        trial.expectFault(await trial.act(id, { unrescue: {} }), 'rescueOrUnrescueProcessingInProgress');
        await trial.until(`/servers/${id}`, 'RESCUE');
        ensureEmpty(await trial.act(id, { unrescue: {} }), 202);
        await trial.expectWay(id, 'PREP_UNRESCUE', 'ACTIVE');
      },
    },
  ],
};

/** Section 2.3.9 */
export const createImage: Section = {
  id: '2.3.9',
  title: 'Create Image',
  cases: [
    {
      name: '202 with the Location of an image that goes SAVING -> ACTIVE and knows its server',
      needs: 'write',
      async run(trial) {
        const id = await trial.active();
        const body = { createImage: { name: 'nightly', metadata: { keep: 'a week' } } };
        const answer = ensureStatus(await trial.act(id, body), 202);
        const location = answer.headers.get('location') ?? '';
        ensure(location.startsWith(trial.client.root), `Location leads elsewhere: ${location}`);
        const image = objectIn(ensureStatus(await trial.ask('GET', location), 200), 'image');
        ensureEqual(image['name'], 'nightly', 'the name');
        if (trial.control) ensureEqual(image['status'], 'SAVING', 'the status right after');
        if (trial.control) trial.expectFault(await trial.act(id, body), 'backupOrResizeInProgress');
        const done = await trial.until(`/images/${lastSegment(location)}`, 'ACTIVE');
        ensureEqual((done['server'] as JsonObject)['id'], id, 'the server it was taken of');
        ensureEqual((done['metadata'] as JsonObject)['keep'], 'a week', 'its metadata');
      },
    },
    {
      name: 'without a name it is badRequest',
      needs: 'write',
      async run(trial) {
        trial.expectFault(await trial.act(await trial.active(), { createImage: { name: '' } }), 'badRequest');
      },
    },
  ],
};
