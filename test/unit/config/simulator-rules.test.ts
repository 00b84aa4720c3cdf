import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig, type Use } from '../../../src/config/load.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-simulator-rules-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

/** The problems of a `simulator:` part, without the part's own name. */
function problems(simulator: string, use: Use = 'simulator', rest = ''): string[] {
  const loaded = loadConfig(write('sluice.yaml', `simulator: { ${simulator} }\n${rest}`), {}, use);
  if (!('problems' in loaded)) return [];
  return loaded.problems.map((line) => line.replace('simulator.', '').replaceAll(`${folder}/`, ''));
}

const REGIONS = 'one of simulator.regions (DFW, ORD, LON)';

describe('names', () => {
  it.each([
    ['regionPorts: { MARS: 0, ord: 0 }', `regionPorts.MARS: is no region, accepted: ${REGIONS}`],
    ['regions: [DFW, dfw]', 'regions.1: is used twice, accepted: a name of its own'],
    ['regions: [DFW, Image]', 'regions.1: is a path of the simulator’s own, accepted: another name'],
    ['regions: [v2.0]', 'regions.0: is a path of the simulator’s own, accepted: another name'],
    ['regionPorts: { dfw: 0, DFW: 0 }', 'regionPorts.DFW: is used twice, accepted: a name of its own'],
    [
      'users: [{ username: a, tenant: "1", defaultRegion: IAD }]',
      `users.0.defaultRegion: is no region, accepted: ${REGIONS}, or null`,
    ],
    [
      'users: [{ username: a, tenant: "1" }, { username: a, tenant: "2" }]',
      'users.1.username: is used twice, accepted: a name of its own',
    ],
    [
      'rateLimits: { perAccount: { dmeo: [] } }',
      'rateLimits.perAccount.dmeo: is nobody’s, accepted: a username or tenant of simulator.users',
    ],
    [
      'absoluteLimitsPerAccount: { demo: {} }',
      'absoluteLimitsPerAccount.demo: is nobody’s, accepted: a tenant of simulator.users',
    ],
    [
      'chaos: { rules: [{ region: IAD }] }',
      `chaos.rules.0.region: is no region, accepted: ${REGIONS}, or null`,
    ],
    [
      'chaos: { rules: [{ id: a }, { id: a }] }',
      'chaos.rules.1.id: is used twice, accepted: a name of its own',
    ],
  ])('%s', (simulator, line) => {
    expect(problems(simulator)).toEqual([line]);
  });

  it('of regions may have dots and small letters', () => {
    expect(problems('regions: [RegionOne, eu.west], regionPorts: { EU.WEST: 0 }')).toEqual([]);
  });

  it('those of regions and accounts there are, whatever the case of a region, are good', () => {
    const perAccount = 'perAccount: { demo: [], "424242": [] }';
    expect(
      problems(`regionPorts: { ord: 0 }, rateLimits: { ${perAccount} }, chaos: { rules: [{ region: lon }] }`),
    ).toEqual([]);
  });
});

describe('regular expressions', () => {
  it('of a chaos rule must compile, and are not quoted', () => {
    expect(problems('chaos: { rules: [{ path: "secret((" }] }')).toEqual([
      'chaos.rules.0.path: is no regular expression (unterminated group), accepted: one such as ^/servers, or null',
    ]);
  });

  it('of a rate limit must compile, common or an account’s own', () => {
    for (const [simulator, path] of [
      ['rateLimits: { table: [{ regex: "((", value: 1 }] }', 'rateLimits.table.0.regex'],
      [
        'rateLimits: { perAccount: { demo: [{ regex: "[", value: 1 }] } }',
        'rateLimits.perAccount.demo.0.regex',
      ],
    ] as const)
      expect(problems(simulator)).toEqual([expect.stringContaining(`${path}: is no regular expression`)]);
  });

  it('of a rate limit may be broken as the guide’s Example 1.23 is, beside the path to enforce', () => {
    const broken = String.raw`{ uri: /servers, regex: '/v[^/](\d+)/servers)?.*', value: 1 }`;
    expect(problems(`rateLimits: { table: [${broken}] }`)).toEqual([]);
  });
});

describe('ports', () => {
  it('are used once', () => {
    expect(problems('port: 4711, regionPorts: { DFW: 4711 }')).toEqual([
      'regionPorts.DFW: is the port of simulator.port, accepted: one that is free',
    ]);
  });

  it('are not those of a gateway that runs the simulator', () => {
    const account = 'accounts: [{ name: a, identity: { url: simulator, username: demo, apiKey: k } }]\n';
    expect(problems('enabled: true, port: 8080', 'gateway', account)).toEqual([
      'port: is the port of listen.port, accepted: one that is free',
    ]);
    const alone = account.replace('url: simulator', 'url: us');
    expect(problems('enabled: false, port: 8080', 'gateway', alone)).toEqual([]);
  });
});

describe('the seed file', () => {
  const seed = (yaml: string) => problems(`seedFile: ${JSON.stringify(write('seed.yaml', yaml))}`);

  it.each([
    ['regions: { MARS: {} }', 'regions.MARS: is no region, accepted: DFW, ORD, LON, or "*" for all'],
    ['regions: { DFW: { server: [] } }', 'regions.DFW.server: is no setting (did you mean servers?)'],
    [
      'regions: { DFW: { servers: [{ name: w }] } }',
      'regions.DFW.servers.0.tenantId: is missing, accepted: text',
    ],
    [
      'regions: { DFW: { servers: [{ name: w, tenantId: "1", status: ACTIV }] } }',
      'regions.DFW.servers.0.status: is other text, accepted: one of ACTIVE, BUILD',
    ],
    [
      'regions: { DFW: { servers: [{ name: w, tenantId: "1", flavor: "9" }] } }',
      "regions.DFW: The seed's server w names no flavor there is: 2, 3, 4, 5, 6, 7, 8.",
    ],
    [
      'regions: { DFW: { servers: [{ name: w, tenantId: "1", image: nope }] } }',
      "regions.DFW: The seed's server w names no image there is",
    ],
    [
      'regions: { "*": { images: [{ name: w, created: yesterday }] } }',
      'regions.*: The seed\'s date "yesterday" is no ISO 8601 date',
    ],
    ['regions: { DFW: { images: [{ name: w, id: x, count: 2 }] } }', 'has an id and a count'],
    ['regions: [\n', 'seed.yaml:2:1: is no YAML'],
  ])('%s', (yaml, line) => {
    const [first, ...others] = seed(yaml);
    expect(first).toContain('seedFile: ');
    expect(first).toContain(line);
    expect(others).toEqual([]);
  });

  it('that is good is no problem, and one that is not there is', () => {
    expect(seed('regions: { "*": { servers: [{ name: w, tenantId: "1", count: 3 }] } }')).toEqual([]);
    expect(problems(`seedFile: ${JSON.stringify(join(folder, 'absent.yaml'))}`)).toEqual([
      'seedFile: absent.yaml: cannot be read, there is no such file (ENOENT), accepted: a YAML file',
    ]);
  });
});

describe('the state file', () => {
  const state = (file: string) => problems(`stateFile: ${JSON.stringify(file)}`);

  it('may be absent, but not its folder', () => {
    expect(state(join(folder, 'none-yet.json'))).toEqual([]);
    expect(state(join(folder, 'nowhere', 'state.json'))).toEqual([
      expect.stringContaining('stateFile: cannot be written (ENOENT), accepted: a file in a folder'),
    ]);
  });

  it.each([
    'no json',
    '[]',
    '{"form": 99}',
    '{"form": 1, "aheadMs": {}, "tokens": [], "regions": {"DFW": {}}}',
  ])('cannot be %s', (text) => {
    expect(state(write('state.json', text))).toEqual([
      expect.stringContaining('stateFile: does not hold a state that this version reads'),
    ]);
  });
});
