import { describe, expect, it } from 'vitest';
import {
  identityV3VersionDocument,
  identityVersionDocument,
  identityVersionsDocument,
  regionVersionDocument,
  regionVersionsDocument,
} from '../../../src/facade/version-documents.ts';

const BASE = 'http://sluice.test:8080';

describe('version documents', () => {
  it('at the root are of the identity style that keystoneauth and gophercloud insist on', () => {
    const { versions } = identityVersionsDocument(`${BASE}/`) as { versions: { values: object[] } };
    expect(versions.values).toEqual([
      {
        id: 'v3.14',
        status: 'stable',
        updated: expect.stringMatching(/Z$/),
        links: [{ rel: 'self', href: `${BASE}/v3/` }],
        'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.identity-v3+json' }],
      },
      {
        id: 'v2.0',
        status: 'stable',
        updated: expect.stringMatching(/Z$/),
        links: [{ rel: 'self', href: `${BASE}/v2.0/` }],
      },
    ]);
    expect(identityV3VersionDocument(BASE)).toEqual({ version: versions.values[0] });
    expect(identityVersionDocument(BASE)).toEqual({ version: versions.values[1] });
  });

  it('of a region are a list, with links', () => {
    expect(regionVersionsDocument(BASE, 'DFW', [{ id: 'v2' }, { id: 'v2.1', status: 'SUPPORTED' }])).toEqual({
      versions: [
        { id: 'v2', status: 'CURRENT', links: [{ rel: 'self', href: `${BASE}/dfw/v2/` }] },
        { id: 'v2.1', status: 'SUPPORTED', links: [{ rel: 'self', href: `${BASE}/dfw/v2.1/` }] },
      ],
    });
  });

  it('of a version have the links without which the SDK dies, and no microversions', () => {
    expect(regionVersionDocument(BASE, 'dfw', { id: 'v2' })).toEqual({
      version: { id: 'v2', status: 'CURRENT', links: [{ rel: 'self', href: `${BASE}/dfw/v2/` }] },
    });
  });

  it('of a region at the root of a host have no region in their links', () => {
    expect(JSON.stringify(regionVersionDocument(BASE, null, { id: 'v2' }))).toContain(`${BASE}/v2/`);
  });
});
