import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { DEMO_USER } from '../../src/simulator/config.ts';
import { startCli, stopCliProcesses } from '../support/cli-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-killed-'));
afterEach(stopCliProcesses);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SEEDED = 2000;
/** More servers than are created while a file is written, on any machine. */
const MOST = 10_000;
const IMAGE = '8389b2cb-f161-427b-9665-06ab841f689c';

function files() {
  const [config, seedFile, state] = ['sluice.yaml', 'seed.yaml', 'state.json'].map((name) =>
    join(folder, name),
  );
  writeFileSync(
    seedFile!,
    `regions: { DFW: { servers: [{ tenantId: "${DEMO_USER.tenant}", name: seeded, count: ${SEEDED} }] } }\n`,
  );
  writeFileSync(
    config!,
    `simulator:
  port: 0
  regions: [DFW]
  seedFile: ${seedFile}
  rateLimits: { enabled: false }
  absoluteLimits: { maxTotalInstances: -1, maxTotalRAMSize: -1 }
`,
  );
  return { config: config!, state: state! };
}

/** `sluice simulate --state`, and a client of it. */
async function simulate({ config, state }: { config: string; state: string }) {
  const cli = startCli(['simulate', '-c', config, '--state', state]);
  const [, url] = await cli.said(/Log in at (\S+)\/v2\.0\/tokens/);
  const { username, apiKey, tenant } = DEMO_USER;
  const json = { 'content-type': 'application/json' };
  const auth = { 'RAX-KSKEY:apiKeyCredentials': { username, apiKey } };
  const login = await fetch(`${url}/v2.0/tokens`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ auth }),
  });
  const { access } = (await login.json()) as { access: { token: { id: string } } };
  const headers = { ...json, 'x-auth-token': access.token.id };
  const base = `${url}/dfw/v2/${tenant}`;
  return {
    cli,
    create: (name: string) =>
      fetch(`${base}/servers`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ server: { name, imageRef: IMAGE, flavorRef: '2' } }),
      }),
    async names(): Promise<string[]> {
      const names: string[] = [];
      for (let next: string | undefined = `${base}/servers?limit=1000`; next !== undefined; ) {
        const page = (await (await fetch(next, { headers })).json()) as {
          servers: { name: string }[];
          servers_links?: { href: string }[];
        };
        names.push(...page.servers.map(({ name }) => name));
        next = page.servers_links?.[0]?.href;
      }
      return names.filter((name) => !name.startsWith('seeded'));
    },
    async used(): Promise<number> {
      const { limits } = (await (await fetch(`${base}/limits`, { headers })).json()) as {
        limits: { absolute: { totalInstancesUsed: number } };
      };
      return limits.absolute.totalInstancesUsed;
    },
  };
}

const isBeingReplaced = (state: string): boolean => existsSync(state) && existsSync(`${state}.new`);

test('a kill -9 in the middle of writes leaves a whole state: all of it up to some instant', async () => {
  const at = files();
  let kept: string[] = [];
  for (let round = 1; round <= 3; round++) {
    const { cli, create, names, used } = await simulate(at);
    expect((await names()).reverse()).toEqual(kept);
    expect(await used()).toBe(SEEDED + kept.length);
    const asked = [...kept];
    // Until a file is there, and another one is being written that holds some of these.
    for (let index = 0; index < 2 || !isBeingReplaced(at.state); index++) {
      expect(index).toBeLessThan(MOST);
      const name = `${round}-${index}`;
      expect((await create(name)).status).toBe(202);
      asked.push(name);
    }
    cli.signal('SIGKILL');
    expect(await cli.ended).toBe('SIGKILL');
    const state = JSON.parse(readFileSync(at.state, 'utf8')) as {
      regions: { DFW: { tenants: Record<string, { servers: { name: string }[] }> } };
    };
    const { servers } = state.regions.DFW.tenants[DEMO_USER.tenant]!;
    const found = servers.map(({ name }) => name).filter((name) => !name.startsWith('seeded'));
    expect(found).toEqual(asked.slice(0, found.length));
    expect(found.length).toBeGreaterThanOrEqual(kept.length);
    kept = found;
  }
}, 60_000);

test('a state file that is none ends the command with 2 and one line', async () => {
  const at = files();
  writeFileSync(at.state, 'something else');
  const cli = startCli(['simulate', '-c', at.config, '--state', at.state]);
  expect(await cli.ended).toBe(2);
  expect(cli.stderr()).toMatch(/^--state \S+state\.json: does not hold a state that this version reads.*\n$/);
});
