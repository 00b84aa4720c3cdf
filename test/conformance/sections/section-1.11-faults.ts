import { isJsonObject } from '../../../src/json.ts';
import {
  ensure,
  ensureEmpty,
  ensureEqual,
  ensureStatus,
  lastSegment,
  numberOf,
  objectIn,
  textOf,
  timeOf,
} from '../expectation.ts';
import type { Section } from '../section.ts';

/** Section 1.11.1 */
export const synchronousFaults: Section = {
  id: '1.11.1',
  title: 'Synchronous Faults',
  cases: [
    {
      name: 'what is not there is itemNotFound, with code and message, in the format asked for',
      needs: 'read',
      async run(trial) {
        const none = '0badc0de-0000-4000-8000-000000000000';
        for (const path of [`/servers/${none}`, `/images/${none}`, '/flavors/no-such-flavor'])
          trial.expectFault(await trial.ask('GET', path), 'itemNotFound');
      },
    },
    {
      name: 'a method the resource does not have is 405 and names those it has',
      needs: 'world',
      async run(trial) {
        for (const [method, path] of [
          ['POST', '/flavors/detail'],
          ['DELETE', '/servers'],
          ['PUT', '/limits'],
        ] as const) {
          const answer = await trial.ask(method, path, { comparison: 'status' });
          trial.expectFault(answer, 'badMethod');
          ensure(answer.headers.get('allow')?.includes('GET') === true, 'Allow does not name GET');
        }
      },
    },
    {
      name: 'no token, and one that is none, are unauthorized',
      needs: 'guarded',
      async run(trial) {
        for (const token of [null, 'not-a-token']) {
          const answer = await trial.ask('GET', '/servers', { token, comparison: 'none' });
          trial.expectFault(answer, 'unauthorized');
        }
      },
    },
    {
      name: 'a region without room for a server is serverCapacityUnavailable: to create, rebuild and resize',
      needs: 'world',
      async run(trial) {
        const id = await trial.active();
        const { image: imageRef, flavor: flavorRef, largerFlavor } = trial.range;
        await trial.control!.under({ scarcity: true }, async () => {
          const server = { name: 'no-room', imageRef, flavorRef };
          for (const answer of [
            await trial.ask('POST', '/servers', { body: { server } }),
            await trial.act(id, { rebuild: { name: 'no-room', imageRef } }),
            await trial.act(id, { resize: { flavorRef: largerFlavor } }),
          ])
            trial.expectFault(answer, 'serverCapacityUnavailable');
        });
        ensureEqual((await trial.server(id))['status'], 'ACTIVE', 'the status of the server that stayed');
      },
    },
    {
      name: 'a create that cannot reach the image service is computeFault',
      needs: 'world',
      async run(trial) {
        const server = { name: 'no-images', imageRef: trial.range.image, flavorRef: trial.range.flavor };
        await trial.control!.under({ imagesDown: true }, async () => {
          trial.expectFault(await trial.ask('POST', '/servers', { body: { server } }), 'computeFault');
        });
      },
    },
    {
      name: 'what a server of that status cannot do is a conflict',
      needs: 'world',
      async run(trial) {
        const id = await trial.create({ name: 'suspended' });
        await trial.until(`/servers/${id}`, 'ACTIVE');
        trial.control!.setStatus(id, 'SUSPENDED');
        const rebuild = { name: 'suspended', imageRef: trial.range.image };
        trial.expectFault(await trial.act(id, { rebuild }), 'conflictingRequest');
      },
    },
    {
      name: 'a resource without a version in its path is 300 Multiple Choices that say where it is with one',
      needs: 'world',
      async run(trial) {
        const { baseUrl } = trial.client.endpoint;
        const bookmark = `${baseUrl.replace(/\/v2\/([^/]+)$/, '/$1')}/flavors/${trial.range.flavor}`;
        // A gateway serves the resource itself: the version it means is its own.
        if (!trial.guarded) {
          ensureStatus(await trial.ask('GET', bookmark, { document: 'flavor', comparison: 'none' }), 200);
          return;
        }
        const answer = await trial.ask('GET', bookmark, { document: 'choices', comparison: 'none' });
        ensureStatus(answer, 300);
        ensure(answer.text.includes(`${baseUrl}/flavors/`), 'the choices do not link to it');
      },
    },
  ],
};

/** Section 1.11.2 */
export const asynchronousFaults: Section = {
  id: '1.11.2',
  title: 'Asynchronous Faults',
  cases: [
    {
      name: 'a build that fails leaves the server in ERROR with the fault inside',
      needs: 'world',
      async run(trial) {
        const id = await trial.create({ name: 'doomed' });
        trial.control!.fail('server', id, 'The host went away.');
        const server = await trial.server(id);
        ensureEqual(server['status'], 'ERROR', 'the status');
        const fault = server['fault'];
        ensure(isJsonObject(fault), 'there is no fault inside the server');
        ensure(numberOf(fault, 'code') >= 400, 'the code of the fault is no error');
        ensureEqual(textOf(fault, 'message'), 'The host went away.', 'the message');
        timeOf(fault, 'created');
        ensureEmpty(await trial.ask('DELETE', `/servers/${id}`), 204);
      },
    },
    {
      name: 'an image that fails is in ERROR with the fault inside, and its server is free again',
      needs: 'world',
      async run(trial) {
        const id = await trial.active();
        const taken = ensureStatus(await trial.act(id, { createImage: { name: 'doomed' } }), 202);
        const imageId = lastSegment(taken.headers.get('location')!);
        trial.control!.fail('image', imageId, 'The store is full.');
        const image = objectIn(ensureStatus(await trial.ask('GET', `/images/${imageId}`), 200), 'image');
        ensureEqual(image['status'], 'ERROR', 'the status');
        ensureEqual(
          isJsonObject(image['fault']) && image['fault']['message'],
          'The store is full.',
          'the message',
        );
        ensureEqual((await trial.server(id))['OS-EXT-STS:task_state'] ?? '', '', 'the task of the server');
      },
    },
  ],
};
