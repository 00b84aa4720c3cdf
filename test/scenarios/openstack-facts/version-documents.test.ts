import { expect, test } from 'vitest';
import { startCloud } from '../../support/openstack-simulator.ts';

/** The version documents of a Nova 26, which need no token; each title is one thing that was seen there. */

test('versions need no token: the list with the range, each version, 300 for any other first segment', async () => {
  const { url } = await startCloud();
  expect(await (await fetch(`${url}/dfw/`)).json()).toMatchObject({
    versions: [
      { id: 'v2.0', version: '' },
      { id: 'v2.1', status: 'CURRENT', version: '2.93', min_version: '2.1' },
    ],
  });
  expect(await (await fetch(`${url}/dfw/v2.1`)).json()).toMatchObject({
    version: { id: 'v2.1', version: '2.93' },
  });
  const choices = await fetch(`${url}/dfw/flavors`);
  expect([choices.status, Object.keys((await choices.json()) as object)]).toEqual([300, ['choices']]);
});

test('below a version there is a document: for the project with a token and a slash, else not found', async () => {
  const cloud = await startCloud();
  const version = await (await fetch(`${cloud.url}/dfw/v2`)).json();
  expect(version).toMatchObject({
    version: {
      id: 'v2.0',
      links: [{ rel: 'self' }, { rel: 'describedby', type: 'text/html' }],
      'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.compute+json;version=2' }],
    },
  });
  expect((await cloud.compute('/')).status).toBe(200);
  expect((await cloud.ask(`/dfw/v2/${cloud.project}/`)).status).toBe(200);
  expect((await cloud.compute('')).status).toBe(404);
  expect((await fetch(`${cloud.url}/dfw/v2.1/${cloud.project}/`)).status).toBe(401);
});

test('the list has the range and the date of each version, and links that lead below it', async () => {
  const { url } = await startCloud();
  expect(await (await fetch(`${url}/dfw/`)).json()).toEqual({
    versions: [
      {
        id: 'v2.0',
        status: 'SUPPORTED',
        version: '',
        min_version: '',
        updated: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        links: [{ rel: 'self', href: `${url}/dfw/v2/` }],
      },
      {
        id: 'v2.1',
        status: 'CURRENT',
        version: '2.93',
        min_version: '2.1',
        updated: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        links: [{ rel: 'self', href: `${url}/dfw/v2.1/` }],
      },
    ],
  });
});

test.each(['/v2', '/v2/', '/v2.1', '/v2.1/'])('%s is described to whoever asks', async (path) => {
  const { url } = await startCloud();
  const answer = await fetch(`${url}/dfw${path}`);
  const number = path.startsWith('/v2.1') ? '2.1' : '2';
  expect([answer.status, await answer.json()]).toMatchObject([
    200,
    {
      version: {
        links: [
          { rel: 'self', href: `${url}/dfw/v${number}/` },
          { rel: 'describedby', type: 'text/html', href: 'http://docs.openstack.org/' },
        ],
        'media-types': [
          { base: 'application/json', type: `application/vnd.openstack.compute+json;version=${number}` },
        ],
      },
    },
  ]);
});
