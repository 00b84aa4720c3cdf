import { describe, expect, it } from 'vitest';
import { regionVersionDocument, regionVersionsDocument } from '../../../src/serving/version-documents.ts';

const BASE = 'http://sluice.test:8080';

describe('version documents', () => {
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
