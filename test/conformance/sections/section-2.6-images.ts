import type { JsonObject } from '../../../src/json.ts';
import {
  ensure,
  ensureEmpty,
  ensureEqual,
  ensureStatus,
  lastSegment,
  listIn,
  objectIn,
  pluck,
  textOf,
  timeOf,
} from '../expectation.ts';
import type { Section } from '../section.ts';
import type { Trial } from '../trial.ts';

async function imagesOf(trial: Trial, path: string): Promise<JsonObject[]> {
  return listIn(ensureStatus(await trial.ask('GET', path), 200, 203), 'images');
}

/** An image of the section's own server. @returns both ids */
async function ownImage(trial: Trial, name: string): Promise<{ serverId: string; imageId: string }> {
  const serverId = await trial.active();
  const answer = ensureStatus(await trial.act(serverId, { createImage: { name } }), 202);
  const imageId = lastSegment(answer.headers.get('location') ?? '');
  await trial.until(`/images/${imageId}`, 'ACTIVE');
  return { serverId, imageId };
}

/** Section 2.6.1 */
export const listImages: Section = {
  id: '2.6.1',
  title: 'List Images',
  cases: [
    {
      name: 'the plain list has ids, names and links, the detailed one the whole images',
      needs: 'read',
      async run(trial) {
        const [brief, detail] = [await imagesOf(trial, '/images'), await imagesOf(trial, '/images/detail')];
        ensureEqual(pluck(brief, 'id'), pluck(detail, 'id'), 'the ids of both lists');
        ensureEqual(pluck(brief, 'name'), pluck(detail, 'name'), 'the names of both lists');
        ensure(
          brief.every((image) => image['status'] === undefined),
          'the plain list has details',
        );
      },
    },
    {
      name: 'name, status and type narrow the list down',
      needs: 'read',
      async run(trial) {
        const all = await imagesOf(trial, '/images/detail');
        const name = textOf(all[0]!, 'name');
        const named = await imagesOf(trial, `/images/detail?name=${encodeURIComponent(name)}`);
        ensureEqual(
          named,
          all.filter((image) => image['name'] === name),
          'the images of that name',
        );
        const active = await imagesOf(trial, '/images/detail?status=ACTIVE');
        ensure(
          active.length > 0 && active.every(({ status }) => status === 'ACTIVE'),
          'others than ACTIVE are listed',
        );
        const base = await imagesOf(trial, '/images/detail?type=BASE');
        ensure(
          base.length > 0 && base.every((image) => image['server'] === undefined),
          'not only base images are listed',
        );
      },
    },
    {
      name: 'server and type=SNAPSHOT find the images taken of a server',
      needs: 'write',
      async run(trial) {
        const { serverId, imageId } = await ownImage(trial, 'found-by-server');
        const self = `${trial.client.endpoint.baseUrl}/servers/${serverId}`;
        for (const query of [
          `server=${serverId}`,
          `server=${encodeURIComponent(self)}`,
          'type=SNAPSHOT&name=found-by-server',
        ])
          ensureEqual(
            pluck(await imagesOf(trial, `/images?${query}`), 'id'),
            [imageId],
            `the images of ${query.split('=')[0]}`,
          );
      },
    },
    {
      name: 'a type or status there is not is badRequest',
      needs: 'world',
      async run(trial) {
        for (const query of ['type=OLD', 'status=ASLEEP'])
          trial.expectFault(await trial.ask('GET', `/images?${query}`), 'badRequest');
      },
    },
  ],
};

/** Section 2.6.2 */
export const getImageDetails: Section = {
  id: '2.6.2',
  title: 'Get Image Details',
  cases: [
    {
      name: 'an image has everything clients need, as the detailed list says',
      needs: 'read',
      async run(trial) {
        const { image: id } = trial.range;
        const image = objectIn(ensureStatus(await trial.ask('GET', `/images/${id}`), 200, 203), 'image');
        for (const key of ['id', 'name', 'status']) textOf(image, key);
        ensure(timeOf(image, 'updated') >= timeOf(image, 'created'), 'it was updated before it was created');
        const listed = (await imagesOf(trial, '/images/detail')).find((item) => item['id'] === id);
        ensureEqual(image, listed, 'the image');
      },
    },
    {
      name: 'an image that is not there is itemNotFound',
      needs: 'read',
      async run(trial) {
        trial.expectFault(await trial.ask('GET', '/images/no-such-image'), 'itemNotFound');
      },
    },
  ],
};

/** Section 2.6.3 */
export const deleteImage: Section = {
  id: '2.6.3',
  title: 'Delete Image',
  cases: [
    {
      name: 'an image of one’s own is deleted with 204, is gone at once, and is DELETED to changes-since',
      needs: 'write',
      async run(trial) {
        const { imageId } = await ownImage(trial, 'deleted-soon');
        const before = new Date(trial.now() - 60_000).toISOString();
        ensureStatus(await trial.ask('GET', `/images/${imageId}`), 200);
        ensureEmpty(await trial.ask('DELETE', `/images/${imageId}`), 204);
        if (trial.control === null) return;
        trial.expectFault(await trial.ask('GET', `/images/${imageId}`), 'itemNotFound');
        ensureEqual(await imagesOf(trial, '/images?name=deleted-soon'), [], 'the images of that name');
        const path = `/images/detail?name=deleted-soon&changes-since=${before}`;
        const changed = (await imagesOf(trial, path)).find((image) => image['id'] === imageId);
        ensureEqual(changed?.['status'], 'DELETED', 'its status to changes-since');
      },
    },
    {
      name: 'a base image is forbidden',
      needs: 'world',
      async run(trial) {
        trial.expectFault(await trial.ask('DELETE', `/images/${trial.range.image}`), 'forbidden');
      },
    },
  ],
};
