import type { JsonObject } from '../../../src/json.ts';
import { ensureEmpty, ensureEqual, ensureStatus, lastSegment, objectIn } from '../expectation.ts';
import type { Section } from '../section.ts';
import type { Trial } from '../trial.ts';

/** Runs for the metadata of a server, then for those of an image taken of it. */
async function forBoth(trial: Trial, run: (path: string) => Promise<void>): Promise<void> {
  const id = await trial.active();
  await run(`/servers/${id}/metadata`);
  const taken = ensureStatus(await trial.act(id, { createImage: { name: 'with-metadata' } }), 202);
  const imageId = lastSegment(taken.headers.get('location') ?? '');
  await trial.until(`/images/${imageId}`, 'ACTIVE');
  await run(`/images/${imageId}/metadata`);
}

async function metadataAt(trial: Trial, path: string): Promise<JsonObject> {
  return objectIn(ensureStatus(await trial.ask('GET', path), 200, 203), 'metadata');
}

async function set(trial: Trial, path: string, metadata: JsonObject): Promise<void> {
  const answer = ensureStatus(await trial.ask('PUT', path, { body: { metadata } }), 200);
  ensureEqual(objectIn(answer, 'metadata'), metadata, 'the metadata in the answer');
}

const section = (
  id: string,
  title: string,
  name: string,
  check: (trial: Trial, path: string) => Promise<void>,
): Section => ({
  id,
  title,
  cases: [{ name, needs: 'write', run: (trial) => forBoth(trial, (path) => check(trial, path)) }],
});

/** Section 2.7.1 */
export const listMetadata = section(
  '2.7.1',
  'List Metadata',
  'what was set is listed',
  async (trial, path) => {
    const metadata = { role: 'front & back', zone: 'ä"<1>' };
    await set(trial, path, metadata);
    ensureEqual(await metadataAt(trial, path), metadata, 'the metadata');
  },
);

/** Section 2.7.2 */
export const setMetadata = section(
  '2.7.2',
  'Set Metadata',
  'a set replaces everything; too many items are overLimit',
  async (trial, path) => {
    await set(trial, path, { old: '1', role: 'a' });
    await set(trial, path, { role: 'b' });
    const many = Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`key-${index}`, 'v']));
    if (trial.control)
      trial.expectFault(await trial.ask('PUT', path, { body: { metadata: many } }), 'overLimit');
    ensureEqual(await metadataAt(trial, path), { role: 'b' }, 'the metadata');
  },
);

/** Section 2.7.3 */
export const updateMetadata = section(
  '2.7.3',
  'Update Metadata',
  'an update leaves what it does not name',
  async (trial, path) => {
    await set(trial, path, { kept: '1', role: 'a' });
    const expected = { kept: '1', role: 'b' };
    const answer = ensureStatus(await trial.ask('POST', path, { body: { metadata: { role: 'b' } } }), 200);
    ensureEqual(objectIn(answer, 'metadata'), expected, 'the metadata in the answer');
    ensureEqual(await metadataAt(trial, path), expected, 'the metadata');
  },
);

/** Section 2.7.4 */
export const getMetadataItem = section(
  '2.7.4',
  'Get Metadata Item',
  'an item is found by its key, percent-encoded or not; others are itemNotFound',
  async (trial, path) => {
    await set(trial, path, { 'kept until': 'Friday' });
    const answer = ensureStatus(await trial.ask('GET', `${path}/kept%20until`), 200, 203);
    ensureEqual(objectIn(answer, 'meta'), { 'kept until': 'Friday' }, 'the item');
    trial.expectFault(await trial.ask('GET', `${path}/no-such-key`), 'itemNotFound');
  },
);

/** Section 2.7.5 */
export const setMetadataItem = section(
  '2.7.5',
  'Set Metadata Item',
  'an item is set; a body with another key is badRequest',
  async (trial, path) => {
    await set(trial, path, { first: '1' });
    const answer = ensureStatus(
      await trial.ask('PUT', `${path}/second`, { body: { meta: { second: '2' } } }),
      200,
    );
    ensureEqual(objectIn(answer, 'meta'), { second: '2' }, 'the item in the answer');
    ensureEqual(await metadataAt(trial, path), { first: '1', second: '2' }, 'the metadata');
    trial.expectFault(
      await trial.ask('PUT', `${path}/third`, { body: { meta: { fourth: '4' } } }),
      'badRequest',
    );
    if (trial.control === null) return;
    const long = { meta: { long: 'x'.repeat(256) } };
    trial.expectFault(await trial.ask('PUT', `${path}/long`, { body: long }), 'overLimit');
  },
);

/** Section 2.7.6 */
export const deleteMetadataItem = section(
  '2.7.6',
  'Delete Metadata Item',
  '204, and a second time itemNotFound',
  async (trial, path) => {
    await set(trial, path, { first: '1', second: '2' });
    ensureEmpty(await trial.ask('DELETE', `${path}/first`), 204);
    ensureEqual(await metadataAt(trial, path), { second: '2' }, 'the metadata');
    trial.expectFault(await trial.ask('DELETE', `${path}/first`), 'itemNotFound');
  },
);
