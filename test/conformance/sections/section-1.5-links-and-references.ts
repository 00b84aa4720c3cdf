import { ensure, ensureEqual, ensureStatus, linkOf, listIn, objectIn, textOf } from '../expectation.ts';
import type { Section } from '../section.ts';

/** Section 1.5 */
export const linksAndReferences: Section = {
  id: '1.5',
  title: 'Links and References',
  cases: [
    {
      name: 'every flavor and image has a self link with the version and a bookmark without',
      needs: 'read',
      async run(trial) {
        const { baseUrl } = trial.client.endpoint;
        const bookmarkBase = baseUrl.replace(/\/v\d+(\.\d+)?\/([^/]+)$/, '/$2');
        for (const collection of ['flavors', 'images']) {
          const answer = ensureStatus(await trial.ask('GET', `/${collection}`), 200);
          for (const item of listIn(answer, collection)) {
            const path = `/${collection}/${textOf(item, 'id')}`;
            ensureEqual(linkOf(item['links'], 'self'), baseUrl + path, 'the self link');
            ensureEqual(linkOf(item['links'], 'bookmark'), bookmarkBase + path, 'the bookmark');
          }
        }
      },
    },
    {
      name: 'a self link leads to the resource itself',
      needs: 'read',
      async run(trial) {
        const path = `/flavors/${trial.range.flavor}`;
        const flavor = objectIn(ensureStatus(await trial.ask('GET', path), 200), 'flavor');
        const followed = ensureStatus(await trial.ask('GET', linkOf(flavor['links'], 'self')!), 200);
        ensureEqual(objectIn(followed, 'flavor'), flavor, 'what the self link leads to');
      },
    },
    {
      name: 'an image carries an alternate link to the image service',
      needs: 'world',
      async run(trial) {
        const answer = ensureStatus(await trial.ask('GET', `/images/${trial.range.image}`), 200);
        const alternate = linkOf(objectIn(answer, 'image')['links'], 'alternate');
        ensure(
          alternate?.endsWith(`/images/${trial.range.image}`) === true,
          `the alternate link is ${alternate}`,
        );
      },
    },
    {
      name: 'full links are taken for ids: imageRef and flavorRef of a create, and filters',
      needs: 'write',
      async run(trial) {
        const { baseUrl } = trial.client.endpoint;
        const { image, flavor } = trial.range;
        const imageRef = `${baseUrl}/images/${image}`;
        const id = await trial.create({
          name: 'by-link',
          imageRef,
          flavorRef: `${baseUrl}/flavors/${flavor}`,
        });
        const server = await trial.server(id);
        ensureEqual([idOf(server['image']), idOf(server['flavor'])], [image, flavor], 'image and flavor');
        const query = `name=by-link&image=${encodeURIComponent(imageRef)}`;
        const found = ensureStatus(await trial.ask('GET', `/servers?${query}`), 200);
        ensureEqual(
          listIn(found, 'servers').map((item) => item['id']),
          [id],
          'the servers of that image link',
        );
      },
    },
    {
      name: 'references inside a server have bookmarks',
      needs: 'write',
      async run(trial) {
        const server = await trial.server(await trial.active());
        for (const key of ['image', 'flavor']) {
          const reference = server[key] as { links?: [] };
          const bookmark = linkOf(reference.links, 'bookmark');
          ensure(bookmark?.includes(`/${key}s/`) === true, `the bookmark of its ${key} is ${bookmark}`);
        }
      },
    },
  ],
};

const idOf = (reference: unknown): unknown => (reference as { id?: unknown } | undefined)?.id;
