import { describe, expect, it } from 'vitest';
import {
  comesDown,
  passthroughRequestHeaders,
  passthroughResponseHeaders,
  requestHeaders,
  withoutNominated,
} from '../../../src/upstream/headers.ts';
import { microversionHeaders, microversionOf } from '../../../src/upstream/microversion.ts';
import { PRODUCT } from '../../../src/version.ts';

const caller = {
  host: 'gw.test',
  'x-auth-token': 'callers',
  'x-storage-token': 'callers',
  authorization: 'Bearer callers',
  cookie: 'callers',
  forwarded: 'host=callers',
  'x-forwarded-host': 'callers',
  'x-forwarded-anything': 'callers',
  'x-sluice-client': 'billing',
  'x-region': 'dfw',
  connection: 'keep-alive, X-Hop',
  'x-hop': 'for this hop',
  te: 'trailers',
  accept: 'application/xml',
  'accept-encoding': 'gzip',
  'content-type': 'application/xml',
  'content-length': '12',
  'if-none-match': '"e"',
  'x-own': 'nobody knows what it means',
  'openstack-api-version': 'compute 2.1',
};

const KIND = { hasBody: false, shared: false, isCompute: true };

describe('a request of a known operation', () => {
  it("carries Sluice's token, JSON, and the caller's own headers alone", () => {
    expect(requestHeaders(caller, 'ours', { ...KIND, hasBody: true })).toEqual({
      'x-auth-token': 'ours',
      accept: 'application/json',
      'content-type': 'application/json',
      'user-agent': PRODUCT,
      'openstack-api-version': 'compute 2.1',
      'x-openstack-nova-api-version': '2.1',
    });
  });

  it('whose answer is shared carries nothing that is not part of its cache key', () => {
    expect(requestHeaders(caller, 'ours', { ...KIND, shared: true })).toEqual({
      'x-auth-token': 'ours',
      accept: 'application/json',
      'user-agent': PRODUCT,
      'openstack-api-version': 'compute 2.1',
      'x-openstack-nova-api-version': '2.1',
    });
    expect(microversionOf(caller)).toBe('2.1');
    expect(microversionOf({ 'x-own': 'x' })).toBe('');
  });
});

describe('a request that goes through', () => {
  it("keeps the caller's formats and conditions, never its secrets", () => {
    expect(passthroughRequestHeaders(caller, 'ours', 7, true)).toEqual({
      accept: 'application/xml',
      'accept-encoding': 'gzip',
      'content-type': 'application/xml',
      'if-none-match': '"e"',
      'openstack-api-version': 'compute 2.1',
      'x-openstack-nova-api-version': '2.1',
      'content-length': '7',
      'x-auth-token': 'ours',
      'user-agent': PRODUCT,
    });
  });

  it('without a body announces none, whatever the caller announced', () => {
    expect(passthroughRequestHeaders(caller, 'ours', undefined, true)).not.toHaveProperty('content-length');
  });
});

const known = (headers: Record<string, string>) =>
  requestHeaders(headers, 'ours', { ...KIND, hasBody: true });
const through = (headers: Record<string, string>) => passthroughRequestHeaders(headers, 'ours', 7, true);

describe('what a server would trust for who sends it', () => {
  it.each([
    // Credentials, and who they say one is.
    'x-auth-key',
    'x-auth-user',
    'x-auth-project-id',
    'x-auth-sudo-tenant-id',
    'x-auth-all-projects',
    'x-storage-user',
    'x-storage-pass',
    'x-service-token',
    'x-subject-token',
    'x-trust-id',
    'x-identity-status',
    'x-service-identity-status',
    'x-roles',
    'x-role',
    'x-service-roles',
    'x-user',
    'x-user-id',
    'x-user-name',
    'x-user-domain-id',
    'x-tenant',
    'x-tenant-id',
    'x-tenant-name',
    'x-project-id',
    'x-project-name',
    'x-project-domain-id',
    'x-domain-id',
    'x-is-admin-project',
    'x-service-catalog',
    'x-instance-id',
    'x-instance-id-signature',
    'x-forwarded-user',
    'remote-user',
    'remote_user',
    'x-remote-user',
    'x-ssl-client-cert',
    'x-client-verify',
    'authorization',
    'proxy-authorization',
    'cookie',
    // What is asked for, by another way.
    'x-http-method',
    'x-http-method-override',
    'x-method-override',
    'x_http_method_override',
    'x-original-url',
    'x-original-uri',
    'x-original-host',
    'x-rewrite-url',
    'x-override-url',
    'x-accel-redirect',
    'x-sendfile',
    'x-host',
    'x-forwarded-host',
    'x-forwarded-prefix',
    'x-forwarded-server',
    'x-proxyuser-ip',
    'x-real-ip',
    'x-client-ip',
    'true-client-ip',
    'cf-connecting-ip',
    'forwarded',
    'via',
    // Another spelling of the same, to servers that make no difference.
    'x_auth_key',
    'x_roles',
    'x_identity_status',
    'x_auth_token',
    'http_x_roles',
    'x-object_sysmeta-a',
    // What servers say to each other.
    'x-backend-storage-policy-index',
    'x-object-sysmeta-a',
    'x-container-sysmeta-a',
    'x-account-sysmeta-a',
    'x-object-transient-sysmeta-a',
    'x-timestamp',
    // How a message is framed.
    'expect',
    'te',
    'trailer',
    'upgrade',
    'transfer-encoding',
    'keep-alive',
    'proxy-connection',
    'http2-settings',
    'content-transfer-encoding',
    // Nobody has heard of it.
    'x-anything-else',
    'x-openstack-nova-api-version-x',
    'x-openstack-api-version',
    '__proto__',
    'constructor',
  ])('does not go up: %s', (name) => {
    const headers = Object.fromEntries([[name, 'as-the-caller-says']]);
    for (const sent of [known(headers), through(headers)])
      expect(JSON.stringify(sent)).not.toContain('as-the-caller-says');
  });
});

describe('what clients and services need', () => {
  const microversions = {
    'openstack-api-version': 'compute 2.61',
    'x-openstack-nova-api-version': '2.61',
  };
  const tracing = {
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    tracestate: 'rojo=00f067aa0ba902b7',
    b3: '80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1',
    'x-openstack-request-id': 'req-7f7c9a4e',
    'x-request-id': 'r-1',
  };

  it('goes up with an operation: microversions, trace context, the language of messages', () => {
    const headers = { ...microversions, ...tracing, 'accept-language': 'de' };
    expect(known(headers)).toMatchObject(headers);
    expect(through(headers)).toMatchObject(headers);
  });

  it.each<[string, Record<string, string>]>([
    [
      'conditions and ranges',
      {
        'if-match': '"a"',
        'if-none-match': '*',
        'if-modified-since': 'Thu, 01 Jan 2026 00:00:00 GMT',
        'if-unmodified-since': 'Thu, 01 Jan 2026 00:00:00 GMT',
        'if-range': '"a"',
        range: 'bytes=0-9',
      },
    ],
    [
      'what a body is',
      {
        'content-type': 'application/octet-stream',
        'content-encoding': 'gzip',
        'content-disposition': 'attachment; filename="a"',
        etag: 'd41d8cd98f00b204e9800998ecf8427e',
      },
    ],
    [
      'objects and containers',
      {
        'x-object-meta-color': 'blue',
        'x-object-manifest': 'segments/a',
        'x-remove-object-meta-color': 'x',
        'x-container-read': '.r:*',
        'x-container-meta-quota-bytes': '10',
        'x-remove-container-read': 'x',
        'x-account-meta-temp-url-key': 'k',
        'x-copy-from': '/c/o',
        destination: '/c/o',
        'x-delete-after': '60',
        'x-newest': 'true',
        'x-symlink-target': 'c/o',
      },
    ],
    [
      'images',
      {
        'x-image-meta-name': 'a',
        'x-image-meta-property-os': 'linux',
        'x-glance-registry-purge-props': 'true',
        'x-openstack-image-size': '10',
      },
    ],
    [
      'microversions of other services',
      { 'x-openstack-ironic-api-version': '1.50', 'x-openstack-manila-api-version': '2.60' },
    ],
    ['queues', { 'client-id': '3381af92-2b9e-11e3-b191-71861300734c' }],
    ['a browser', { origin: 'https://console.test', 'access-control-request-method': 'PUT' }],
  ])('goes through to other services: %s', (_what, headers) => {
    expect(through(headers)).toMatchObject(headers);
  });
});

/** What each client was seen to send to Compute, beside `Host`, `Connection` and `Content-Length`. */
const CLIENTS: [string, Record<string, string>, string[]][] = [
  [
    'libcloud',
    {
      'user-agent': 'libcloud/3.4.1 (Rackspace Cloud (Next Gen)) ',
      accept: 'application/json',
      'accept-encoding': 'gzip',
      'content-type': 'application/json; charset=UTF-8',
    },
    [],
  ],
  [
    'fog',
    { 'user-agent': 'fog-core/2.3.0', accept: 'application/json', 'content-type': 'application/json' },
    [],
  ],
  [
    'fog-openstack',
    {
      'user-agent': 'fog-core/2.3.0',
      accept: 'application/json',
      'content-type': 'application/json',
      'x-openstack-nova-api-version': '2.15',
    },
    ['x-openstack-nova-api-version'],
  ],
  [
    'openstackclient',
    {
      'user-agent': 'python-novaclient',
      accept: 'application/json',
      'accept-encoding': 'gzip, deflate',
      'content-type': 'application/json',
      'x-openstack-nova-api-version': '2.1',
      'openstack-api-version': 'compute 2.1',
      'x-openstack-request-id': 'req-1',
    },
    ['x-openstack-nova-api-version', 'openstack-api-version', 'x-openstack-request-id'],
  ],
  [
    'ruby-openstack',
    {
      'user-agent': 'OpenStack Ruby API 2.0.1',
      accept: 'application/json',
      'content-type': 'application/json',
      'x-storage-token': 'callers',
    },
    [],
  ],
];

describe.each(CLIENTS)('%s', (_name, headers, needed) => {
  it('reaches an operation with what the answer depends on and no token of its own', () => {
    const sent = known({ ...headers, 'x-auth-token': 'callers' });
    const microversion = microversionHeaders(microversionOf(headers));
    for (const name of needed) expect(sent[name]).toBe({ ...headers, ...microversion }[name]);
    expect(Object.keys(sent).sort()).toEqual(
      [
        ...new Set([
          'accept',
          'content-type',
          'user-agent',
          'x-auth-token',
          ...needed,
          ...Object.keys(microversion),
        ]),
      ].sort(),
    );
    expect(JSON.stringify(sent)).not.toContain('callers');
  });

  it('is passed through with its formats and its name', () => {
    const { 'x-storage-token': _token, ...rest } = headers;
    expect(through({ ...headers, 'x-auth-token': 'callers' })).toEqual({
      ...rest,
      ...microversionHeaders(microversionOf(headers)),
      'user-agent': `${headers['user-agent']!.trim()} via ${PRODUCT}`,
      'content-length': '7',
      'x-auth-token': 'ours',
    });
  });
});

describe('an answer', () => {
  it.each([
    'set-cookie',
    'www-authenticate',
    'x-auth-token',
    'x-subject-token',
    'transfer-encoding',
    'connection',
    'server',
    'x-powered-by',
    'alt-svc',
    'strict-transport-security',
    'clear-site-data',
    'reporting-endpoints',
    'x-accel-redirect',
  ])('of a region keeps its %s to itself', (name) => {
    expect(comesDown(name)).toBe(false);
  });

  it.each(['openstack-api-version', 'x-openstack-request-id', 'x-own'])(
    'of a region brings %s along',
    (name) => {
      expect(comesDown(name)).toBe(true);
    },
  );

  it('loses what its Connection says to be for this hop', () => {
    const headers = { connection: 'close, X-Hop', 'x-hop': '1', 'x-own': 'kept' };
    expect(withoutNominated(headers)).not.toHaveProperty('x-hop');
    expect(headers).toHaveProperty('x-own');
  });

  it("of a path that goes through has Sluice's marks, and its Location leads through Sluice", () => {
    const call = { requestId: 'req-ours', region: 'DFW', waitedMs: 12.4 };
    const upstream = {
      'set-cookie': ['a=b'],
      'content-length': '3',
      location: 'http://u/x',
      'content-location': 'http://u/y',
      server: 'Apache/2.2',
      'x-own': 'kept',
    };
    expect(
      passthroughResponseHeaders(upstream, call, (url) => url.replace('http://u', 'http://gw')),
    ).toMatchObject({
      'content-length': '3',
      location: 'http://gw/x',
      'content-location': 'http://gw/y',
      'x-own': 'kept',
      'x-compute-request-id': 'req-ours',
      via: '1.1 sluice',
      'x-sluice-region': 'DFW',
      'x-sluice-wait-ms': '12',
    });
    for (const name of ['set-cookie', 'server'])
      expect(passthroughResponseHeaders(upstream, call, String)).not.toHaveProperty(name);
    const own = passthroughResponseHeaders(
      { 'x-compute-request-id': 'req-theirs' },
      { ...call, waitedMs: 0 },
      String,
    );
    expect(own['x-compute-request-id']).toBe('req-theirs');
    expect(own).not.toHaveProperty('x-sluice-wait-ms');
  });
});
