import { describe, expect, it } from 'vitest';
import type { DocumentName } from '../../../src/operations/operation.ts';
import { ACTION_NAMES, DOCUMENTS } from '../../../src/operations/resources/documents.ts';
import { XML_BOUNDS } from '../../../src/translation/read-tree.ts';
import { readIdentityXml, readXml, readXmlAnswer, XmlError } from '../../../src/translation/read-xml.ts';

const COMPUTE = 'http://docs.openstack.org/compute/api/v1.1';
const ACTIONS: readonly DocumentName[] = [...ACTION_NAMES, 'extensionAction'];

const server = (xml: string) => readXml(xml, ['server']).value;
const action = (xml: string) => readXml(xml, ACTIONS).value;

describe('a create request', () => {
  it('keeps every value a string', () => {
    expect(server(`<server xmlns="${COMPUTE}" name="3" max_count="2" flavorRef="2.0" ok="true"/>`)).toEqual({
      server: { name: '3', max_count: '2', flavorRef: '2.0', ok: 'true' },
    });
  });

  it.each([
    '<server xmlns:x="http://docs.openstack.org/compute/ext/disk_config/api/v1.1" x:diskConfig="AUTO"/>',
    '<server OS-DCF:diskConfig="AUTO"/>',
    '<server diskConfig="AUTO"/>',
    '<server auto_disk_config="AUTO"/>',
    `<c:server xmlns:c="${COMPUTE}" OS-DCF:diskConfig="AUTO"/>`,
  ])('takes the disk configuration from %s', (xml) => {
    expect(server(xml)).toEqual({ server: { 'OS-DCF:diskConfig': 'AUTO' } });
  });

  it('drops empty attributes of a create and keeps those of an update', () => {
    expect(server('<server name="a" flavorRef="2" accessIPv4=""/>')).toEqual({
      server: { name: 'a', flavorRef: '2' },
    });
    expect(server('<server name="a" accessIPv4=""/>')).toEqual({ server: { name: 'a', accessIPv4: '' } });
  });

  it('takes both forms of networks, and mixed', () => {
    const xml = `<server xmlns="${COMPUTE}"><networks><uuid> n-1
      </uuid><network uuid="n-2" fixed_ip="10.0.0.9"/><network port="p-3"/></networks></server>`;
    expect(server(xml)).toEqual({
      server: { networks: [{ uuid: 'n-1' }, { uuid: 'n-2', fixed_ip: '10.0.0.9' }, { port: 'p-3' }] },
    });
  });

  it('makes a list of one file, without the layout of its base64', () => {
    const xml = '<server><personality><file path="/a b">\n  QUJD\n\tREVG </file></personality></server>';
    expect(server(xml)).toEqual({ server: { personality: [{ path: '/a b', contents: 'QUJDREVG' }] } });
  });

  it('keeps metadata verbatim, also empty, in CDATA, and with hostile keys', () => {
    const xml = `<server><metadata><meta key="a"> x
 y </meta><meta key="b"/><meta key="c"><![CDATA[<&>]]>!</meta><meta key="__proto__">p</meta></metadata></server>`;
    const value = server(xml) as { server: { metadata: Record<string, string> } };
    const { metadata } = value.server;
    expect(Object.entries(metadata)).toEqual([
      ['a', ' x\n y '],
      ['b', ''],
      ['c', '<&>!'],
      ['__proto__', 'p'],
    ]);
    expect(Object.getPrototypeOf(metadata)).toBe(Object.prototype);
  });

  it('joins a second metadata or personality element to the first', () => {
    const xml =
      '<server><metadata><meta key="a">1</meta></metadata><metadata><meta key="b">2</meta></metadata>' +
      '<personality><file path="1"/></personality><personality><file path="2"/></personality></server>';
    expect(server(xml)).toEqual({
      server: {
        metadata: { a: '1', b: '2' },
        personality: [
          { path: '1', contents: '' },
          { path: '2', contents: '' },
        ],
      },
    });
  });

  it('carries unknown members over under their alias', () => {
    const xml = `<server xmlns="${COMPUTE}" xmlns:zz="urn:zebra" zz:stripes="12" plain="x">
      <zz:herd><zz:zebra name="a"/><zz:zebra name="b"/></zz:herd>
      <security_groups><security_group name="web"/></security_groups>
      <az:hint xmlns:az="http://docs.openstack.org/compute/ext/extended_availability_zone/api/v2" v="1"/></server>`;
    expect(server(xml)).toEqual({
      server: {
        'zz:stripes': '12',
        plain: 'x',
        'zz:herd': { zebra: [{ name: 'a' }, { name: 'b' }] },
        security_groups: [{ name: 'web' }],
        'OS-EXT-AZ:hint': { v: '1' },
      },
    });
  });

  it.each([
    ['networks', { networks: [] }],
    ['personality', { personality: [] }],
    ['security_groups', { security_groups: [] }],
    ['block_device_mapping', { block_device_mapping: [] }],
    ['block_device_mapping_v2', { block_device_mapping_v2: [] }],
    ['metadata', { metadata: {} }],
    ['user_data', { user_data: '' }],
  ])('reads an empty <%s> as nova’s reader did, whatever namespace and layout it has', (name, expected) => {
    const forms = [`<${name}/>`, `<${name}>\n  </${name}>`, `<b:${name} xmlns:b="urn:b"/>`];
    for (const form of forms.slice(0, name === 'user_data' ? 1 : 2))
      expect(server(`<server xmlns="${COMPUTE}">${form}</server>`)).toEqual({ server: expected });
    expect(server(`<server xmlns="${COMPUTE}"><${name} xmlns="urn:b"/></server>`)).toEqual({
      server: expected,
    });
  });

  it('makes lists of the mappings of block devices, one or several, without their empty attributes', () => {
    const xml = `<server xmlns="${COMPUTE}" name="n" flavorRef="2"><block_device_mapping_v2>
      <mapping uuid="u-1" source_type="image" destination_type="volume" boot_index="0" volume_size="" delete_on_termination="true"/>
      </block_device_mapping_v2><block_device_mapping>
      <mapping volume_id="v-1" device_name="vda" delete_on_termination="Yes" no_device=""/>
      <mapping snapshot_id="s-1" device_name="vdb" delete_on_termination="0" no_device="on"/></block_device_mapping></server>`;
    expect(server(xml)).toEqual({
      server: {
        name: 'n',
        flavorRef: '2',
        block_device_mapping_v2: [
          {
            uuid: 'u-1',
            source_type: 'image',
            destination_type: 'volume',
            boot_index: '0',
            delete_on_termination: 'true',
          },
        ],
        block_device_mapping: [
          { volume_id: 'v-1', device_name: 'vda', delete_on_termination: true },
          { snapshot_id: 's-1', device_name: 'vdb', delete_on_termination: false, no_device: true },
        ],
      },
    });
  });

  it('makes a list of one security group, named by an attribute or an element', () => {
    const xml =
      '<server return_reservation_id="True"><security_groups><security_group name="web"/><security_group><name>db</name></security_group></security_groups></server>';
    expect(server(xml)).toEqual({
      server: { return_reservation_id: true, security_groups: [{ name: 'web' }, { name: 'db' }] },
    });
  });

  it.each(['OS-SCH-HNT', 'hints', 'OS-DCF'])(
    'goes by the namespace of an extension, not by its prefix %s',
    (prefix) => {
      const uri = 'http://docs.openstack.org/compute/ext/scheduler-hints/api/v2';
      const xml = `<server xmlns="${COMPUTE}" xmlns:${prefix}="${uri}" ${prefix}:x="1">
      <${prefix}:scheduler_hints><same_host>a</same_host><same_host>b</same_host></${prefix}:scheduler_hints></server>`;
      expect(server(xml)).toEqual({
        server: { 'OS-SCH-HNT:x': '1', 'OS-SCH-HNT:scheduler_hints': { same_host: ['a', 'b'] } },
      });
      const bare = `<server xmlns="${COMPUTE}"><scheduler_hints xmlns="${uri}"><group>g</group></scheduler_hints></server>`;
      expect(server(bare)).toEqual({ server: { 'OS-SCH-HNT:scheduler_hints': { group: 'g' } } });
    },
  );

  it('takes no other namespace for an extension because of its prefix', () => {
    const xml = `<server xmlns="${COMPUTE}" xmlns:OS-DCF="urn:mine" OS-DCF:diskConfig="AUTO"><OS-DCF:a b="1"/></server>`;
    expect(server(xml)).toEqual({ server: { 'urn:mine:diskConfig': 'AUTO', 'urn:mine:a': { b: '1' } } });
  });

  it('ignores what addresses XML processors only', () => {
    const xml = `<?xml-stylesheet href="a.xsl"?><!-- hello --><server xml:lang="en"
      xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b" name="n"/>`;
    expect(() => server(xml)).not.toThrow();
    expect(server(xml.replace(/^<\?.*?\?>/, ''))).toEqual({ server: { name: 'n' } });
  });
});

describe('an action', () => {
  it.each([
    ['<confirmResize/>', { confirmResize: null }],
    [`<revertResize xmlns="${COMPUTE}"> </revertResize>`, { revertResize: null }],
    ['<rescue xmlns="http://docs.openstack.org/compute/ext/rescue/api/v1.1"/>', { rescue: null }],
    ['<unrescue xmlns="http://docs.rackspacecloud.com/servers/api/v1.1"/>', { unrescue: null }],
    ['<rescue>none</rescue>', { rescue: 'none' }],
    ['<reboot type="SOFT"/>', { reboot: { type: 'SOFT' } }],
    [
      '<resize flavorRef="3" diskConfig="AUTO"/>',
      { resize: { flavorRef: '3', 'OS-DCF:diskConfig': 'AUTO' } },
    ],
    ['<pause/>', { pause: null }],
    ['<x:leap xmlns:x="urn:x" far="1"/>', { 'x:leap': { far: '1' } }],
    [
      '<rebuild xmlns="http://docs.rackspacecloud.com/servers/api/ext/cbs/v1.0" a="1"/>',
      { 'RS-CBS:rebuild': { a: '1' } },
    ],
    [
      '<attach-volume xmlns="http://docs.rackspacecloud.com/servers/api/ext/cbs/v1.1" diskConfig="x"/>',
      { 'RS-CBS:attach-volume': { diskConfig: 'x' } },
    ],
  ])('%s is %j', (xml, value) => {
    expect(action(xml)).toEqual(value);
  });
});

describe('a root element the operation does not take', () => {
  const refused = (run: () => unknown): XmlError => {
    try {
      run();
    } catch (error) {
      if (error instanceof XmlError) return error;
    }
    throw new Error('it was taken');
  };

  it('is refused by name, with what was expected and where it stands', () => {
    const error = refused(() => readXml('<?xml version="1.0"?>\n  <flavor\n id="1"/>', ['server']));
    expect(error).toMatchObject({ reason: 'root', line: 2, column: 3 });
    expect(error.message).toContain('"flavor"');
    expect(error.message).toContain('expected: server');
  });

  it('is refused as an action when it is a document of the API', () => {
    const error = refused(() => action('<server name="x"/>'));
    expect(error.reason).toBe('root');
    expect(error.message).toContain('reboot, rebuild, resize, confirmResize');
    expect(error.message).toContain("an extension's action");
  });

  it('is refused at login', () => {
    expect(refused(() => readIdentityXml('<token/>')).reason).toBe('root');
  });
});

describe('a body that must not be read', () => {
  const big = (count: number, piece: string) => `<server>${piece.repeat(count)}</server>`;
  const deep = (depth: number) => '<a>'.repeat(depth) + '</a>'.repeat(depth);
  const attributes = Array.from({ length: XML_BOUNDS.attributes + 1 }, (_, index) => `a${index}="1"`).join(
    ' ',
  );

  it.each([
    ['nothing', '', 'malformed'],
    ['blanks', ' \n ', 'malformed'],
    ['JSON', '{"server":{}}', 'malformed'],
    ['an open tag', '<server', 'malformed'],
    ['an unclosed element', '<server><metadata></server>', 'malformed'],
    ['two roots', '<server/><server/>', 'malformed'],
    ['a repeated attribute', '<server a="1" a="2"/>', 'malformed'],
    ['a repeated qualified attribute', '<server xmlns:a="u" xmlns:b="u" a:x="1" b:x="2"/>', 'malformed'],
    ['an unknown undeclared prefix', '<server zebra:x="1"/>', 'malformed'],
    ['a control character', '<server name="\u0001"/>', 'malformed'],
    ['a reference to one', '<server name="&#1;"/>', 'malformed'],
    ['a lone surrogate', '<server name="\ud800"/>', 'malformed'],
    ['XML 1.1 with one', '<?xml version="1.1"?><server name="&#1;"/>', 'malformed'],
    ['another encoding', '<?xml version="1.0" encoding="ISO-8859-1"?><server name="ü"/>', 'malformed'],
    ['a DTD', '<!DOCTYPE server><server/>', 'forbidden'],
    ['a DTD with entities', '<!DOCTYPE s [<!ENTITY a "b">]><server name="&a;"/>', 'forbidden'],
    ['an external DTD', '<!DOCTYPE s SYSTEM "file:///etc/passwd"><server/>', 'forbidden'],
    ['an entity', '<server name="&nbsp;"/>', 'forbidden'],
    ['an entity named like an object member', '<server>&constructor;</server>', 'forbidden'],
    ['too deep a tree', deep(XML_BOUNDS.depth + 1), 'bounds'],
    ['too many attributes', `<server ${attributes}/>`, 'bounds'],
    ['too many elements', big(XML_BOUNDS.elements, '<a/>'), 'bounds'],
    ['too many characters', big(1, ' '.repeat(XML_BOUNDS.characters)), 'bounds'],
  ])('%s is refused as %3$s', (_, xml, reason) => {
    const read = () => readXml(xml, ['server', 'extensionAction']);
    expect(read).toThrow(XmlError);
    expect(read).toThrow(expect.objectContaining({ reason }));
    expect(read).toThrow(/\(line \d+, column \d+\)$/);
  });

  it('is refused where the mistake is', () => {
    expect(() => readXml('<server>\n  <metadata>\n  </server>', ['server'])).toThrow(
      expect.objectContaining({ line: 3, column: 11 }),
    );
  });

  it('may declare an encoding that makes no difference', () => {
    expect(server('<?xml version="1.0" encoding="ISO-8859-1"?><server name="u"/>')).toEqual({
      server: { name: 'u' },
    });
    expect(server('\ufeff<?xml version="1.0" encoding="utf-8" standalone="yes"?><server name="ü"/>')).toEqual(
      {
        server: { name: 'ü' },
      },
    );
  });

  it('does not take time that grows with its square', () => {
    const many = big(60_000, '<networks><network uuid="u"/></networks>');
    const value = readXmlAnswer(many, ['server']).value as { server: { networks: unknown[] } };
    expect(value.server.networks).toHaveLength(60_000);
  });
});

describe('a login', () => {
  const key = { auth: { 'RAX-KSKEY:apiKeyCredentials': { username: 'ada', apiKey: 'k' } } };
  it.each([
    '<auth xmlns="http://docs.openstack.org/identity/api/v2.0"><apiKeyCredentials xmlns="http://docs.rackspace.com/identity/api/ext/RAX-KSKEY/v1.0" username="ada" apiKey="k"/></auth>',
    '<auth><RAX-KSKEY:apiKeyCredentials username="ada" apiKey="k"/></auth>',
    '<auth xmlns="http://docs.openstack.org/identity/api/v2.0"><apiKeyCredentials username="ada" apiKey="k"/></auth>',
  ])('with an API key is recognised in %s', (xml) => {
    expect(readIdentityXml(xml).value).toEqual(key);
  });

  it('refuses a DTD like every other body', () => {
    expect(() => readIdentityXml('<!DOCTYPE auth><auth/>')).toThrow(XmlError);
  });

  it('is short: a long one is refused before it is read', () => {
    for (const long of [' '.repeat(65_536), '<a/>'.repeat(100)])
      expect(() => readIdentityXml(`<auth>${long}</auth>`)).toThrow(
        expect.objectContaining({ reason: 'bounds' }),
      );
  });
});

describe("an extension's action of today's Nova", () => {
  it.each([
    [
      '<addFloatingIp><address>192.0.2.7</address></addFloatingIp>',
      { addFloatingIp: { address: '192.0.2.7' } },
    ],
    ['<addSecurityGroup>\n  <name>web</name>\n</addSecurityGroup>', { addSecurityGroup: { name: 'web' } }],
    ['<lock/>', { lock: null }],
  ])('%s is %j', (xml, value) => {
    expect(action(xml)).toEqual(value);
  });
});

describe('an answer', () => {
  it('gets its types back', () => {
    const xml = `<server xmlns="${COMPUTE}" id="7" progress="50" tenantId="1"
      xmlns:s="http://docs.openstack.org/compute/ext/extended_status/api/v1.1"
      s:task_state="None" s:power_state="1" s:host="h1"/>`;
    expect(readXmlAnswer(xml, ['server']).value).toEqual({
      server: {
        id: '7',
        progress: 50,
        tenant_id: '1',
        'OS-EXT-STS:task_state': null,
        'OS-EXT-STS:power_state': 1,
        'OS-EXT-SRV-ATTR:host': 'h1',
      },
    });
  });

  it('keeps a text that is not of its type', () => {
    const xml = `<flavor xmlns="${COMPUTE}" ram="constructor" swap="" disk="1e999"
      f:disabled="constructor" xmlns:f="http://docs.openstack.org/compute/ext/flavor_disabled/api/v1.1"/>`;
    const { value } = readXmlAnswer(xml, ['flavor']);
    expect(JSON.parse(JSON.stringify(value))).toMatchObject({
      flavor: { ram: 'constructor', swap: '', 'OS-FLV-DISABLED:disabled': 'constructor' },
    });
  });

  it('can be every described document', () => {
    for (const [name, { shape }] of Object.entries(DOCUMENTS)) {
      const read = readXmlAnswer(`<${shape.element}/>`, [name as DocumentName]);
      expect(read).toMatchObject({ document: name, root: shape.element });
    }
  });
});
