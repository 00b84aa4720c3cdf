import { describe, expect, it } from 'vitest';
import { expectFault, harness } from './harness.ts';

describe('2.1.5 Delete Server', () => {
  it('answers 204, and the server is gone', () => {
    const h = harness();
    const id = h.create();
    expect(h.ask('DELETE', `/servers/${id}`)).toEqual({ status: 204, operation: 'deleteServer' });
    expect(h.get('/servers')).toEqual({ servers: [] });
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['GET', '/ips'],
      ['GET', '/metadata'],
    ] as const)
      expectFault(() => h.ask(method, `/servers/${id}${path}`), 'itemNotFound');
  });
});
