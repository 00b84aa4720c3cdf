import { describe, expect, it } from 'vitest';
import {
  identityV3VersionDocument,
  identityVersionDocument,
  identityVersionsDocument,
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
});
