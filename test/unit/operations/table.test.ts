import { describe, expect, it } from 'vitest';
import { actionOperation, matchPath } from '../../../src/operations/match.ts';
import { SERVICE_OPERATIONS } from '../../../src/operations/services.ts';
import { OPERATIONS } from '../../../src/operations/table.ts';

/** The guide's list of verbs and URIs (sections 1.8 to 1.10, 2 and 3), an action after its `#`. */
const GUIDE = `
1.8.3  GET    /limits
1.9.1  GET    root:/
1.9.2  GET    version:/
1.10.1 GET    /extensions
1.10.2 GET    /extensions/{alias}
1.10.3 POST   /servers/{id}/action#*
2.1.1  GET    /servers
2.1.1  GET    /servers/detail
2.1.2  POST   /servers
2.1.3  GET    /servers/{id}
2.1.4  PUT    /servers/{id}
2.1.5  DELETE /servers/{id}
2.2.1  GET    /servers/{id}/ips
2.2.2  GET    /servers/{id}/ips/{networkID}
2.3.1  POST   /servers/{id}/action#changePassword
2.3.2  POST   /servers/{id}/action#reboot
2.3.3  POST   /servers/{id}/action#rebuild
2.3.4  POST   /servers/{id}/action#resize
2.3.5  POST   /servers/{id}/action#confirmResize
2.3.6  POST   /servers/{id}/action#revertResize
2.3.7  POST   /servers/{id}/action#rescue
2.3.8  POST   /servers/{id}/action#unrescue
2.3.9  POST   /servers/{id}/action#createImage
2.4.1  POST   /servers/{id}/os-volume_attachments
2.4.2  GET    /servers/{id}/os-volume_attachments
2.4.3  GET    /servers/{id}/os-volume_attachments/{attachment_id}
2.4.4  DELETE /servers/{id}/os-volume_attachments/{attachment_id}
2.5.1  GET    /flavors
2.5.1  GET    /flavors/detail
2.5.2  GET    /flavors/{id}
2.6.1  GET    /images
2.6.1  GET    /images/detail
2.6.2  GET    /images/{id}
2.6.3  DELETE /images/{id}
2.7.1  GET    /servers/{id}/metadata
2.7.1  GET    /images/{id}/metadata
2.7.2  PUT    /servers/{id}/metadata
2.7.2  PUT    /images/{id}/metadata
2.7.3  POST   /servers/{id}/metadata
2.7.3  POST   /images/{id}/metadata
2.7.4  GET    /servers/{id}/metadata/{key}
2.7.4  GET    /images/{id}/metadata/{key}
2.7.5  PUT    /servers/{id}/metadata/{key}
2.7.5  PUT    /images/{id}/metadata/{key}
2.7.6  DELETE /servers/{id}/metadata/{key}
2.7.6  DELETE /images/{id}/metadata/{key}
`
  .trim()
  .split('\n')
  .map((line) => line.trim().split(/\s+/) as [string, string, string]);

const bare = (path: string) => path.replaceAll(/\{\w+\}/g, '{}');

describe('the operations table', () => {
  it.each(GUIDE)('section %s: has %s %s', (section, method, uri) => {
    const [path, action] = uri.split('#') as [string, string | undefined];
    const [scope, template] = path.includes(':') ? (path.split(':') as [string, string]) : ['tenant', path];
    const rows = OPERATIONS.filter(
      (row) =>
        row.method === method &&
        row.scope === scope &&
        bare(row.path) === bare(template) &&
        row.action === action,
    );
    expect(rows.map((row) => row.section)).toEqual([section]);
  });

  it('has nothing that the guide does not have', () => {
    const listed = GUIDE.map(([section, method, uri]) => `${section} ${method} ${bare(uri)}`);
    const rows = OPERATIONS.map((row) => {
      const scope = row.scope === 'tenant' ? '' : `${row.scope}:`;
      return `${row.section} ${row.method} ${scope}${bare(row.path)}${row.action === undefined ? '' : `#${row.action}`}`;
    });
    expect(rows.toSorted()).toEqual(listed.toSorted());
  });

  it('names every operation once', () => {
    const names = OPERATIONS.map((row) => row.name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('gives the lists of servers, images and flavors of every region, each under a name of its own', () => {
    const merged = OPERATIONS.filter((row) => row.acrossRegions !== undefined);
    expect(merged.map((row) => `${row.method} ${row.path}`).toSorted()).toEqual(
      ['flavors', 'images', 'servers'].flatMap((list) => [`GET /${list}`, `GET /${list}/detail`]),
    );
    const names = [...OPERATIONS.map((row) => row.name), ...merged.map((row) => row.acrossRegions)];
    expect(new Set(names).size).toBe(names.length);
    for (const row of merged) expect(row.path.split('/')[1], 'the key of the body').toBe(row.resource);
  });

  it('hedges reads only, and no list with all there is to know of each item', () => {
    for (const { name, hedge, method, path } of [...OPERATIONS, ...SERVICE_OPERATIONS]) {
      if (hedge !== undefined) expect(method, name).toBe('GET');
      if (/^\/(servers|images)\/detail$/.test(path)) expect(hedge, name).toBeUndefined();
    }
  });

  it('caches reads only, and lets only writes invalidate', () => {
    for (const row of OPERATIONS) {
      if (row.cache !== null) expect(row.method, row.name).toBe('GET');
      if (row.invalidates.length > 0) expect(row.method, row.name).not.toBe('GET');
    }
  });

  it('makes every write to images untrue in the cache', () => {
    const writes = OPERATIONS.filter((row) => row.method !== 'GET' && /^\/images/.test(row.path)).concat(
      OPERATIONS.filter((row) => row.action === 'createImage'),
    );
    for (const row of writes) expect(row.invalidates, row.name).toContain('imageLists');
  });
});

describe('matching a path', () => {
  it.each(OPERATIONS.filter((row) => row.scope === 'tenant' && row.action === undefined))(
    'finds $name by its own template',
    (row) => {
      const path = row.path.replaceAll(/\{(\w+)\}/g, 'x$1');
      const match = matchPath(row.method, path);
      expect(match).toMatchObject({ kind: 'operation', operation: { name: row.name } });
    },
  );

  it('decodes parameters', () => {
    expect(matchPath('GET', '/servers/a%20b/metadata/k%2Fey')).toMatchObject({
      kind: 'operation',
      params: { server_id: 'a b', key: 'k/ey' },
    });
  });

  it('prefers a literal to a parameter', () => {
    expect(matchPath('GET', '/servers/detail')).toMatchObject({ operation: { name: 'listServersDetail' } });
    expect(matchPath('GET', '/servers/details')).toMatchObject({ operation: { name: 'getServer' } });
  });

  it('ignores doubled and trailing slashes', () => {
    expect(matchPath('GET', '//servers//x/')).toMatchObject({ operation: { name: 'getServer' } });
  });

  it('reads HEAD as GET', () => {
    expect(matchPath('HEAD', '/flavors')).toMatchObject({ operation: { name: 'listFlavors' } });
  });

  it('leaves actions to the body', () => {
    expect(matchPath('POST', '/servers/1/action')).toEqual({ kind: 'action', params: { server_id: '1' } });
    expect(actionOperation('reboot').name).toBe('reboot');
    expect(actionOperation('RS-CBS:attach-volume').name).toBe('extensionAction');
  });

  it('lists the methods there are', () => {
    expect(matchPath('PATCH', '/servers/1')).toEqual({
      kind: 'method',
      allow: ['DELETE', 'GET', 'HEAD', 'PUT'],
    });
    expect(matchPath('GET', '/servers/1/action')).toEqual({ kind: 'method', allow: ['POST'] });
  });

  it.each(['/os-keypairs', '/', '/servers/1/unknown', '/flavors/1/os-extra_specs', '/servers/%zz'])(
    'does not know %s',
    (path) => {
      expect(matchPath('GET', path)).toEqual({ kind: 'unknown' });
    },
  );
});
