import { randomBytes, scryptSync } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { generateClientKey } from '../../src/access/client-key.ts';
import { testClient } from '../support/clients.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { connectRaw, type RawAnswer, type RawConnection } from '../support/raw-connection.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

const PATH = '/dfw/v2/700100/flavors/detail';
const robot = testClient('robot');

/** The cheapest hash of a password that is accepted: what is tested here is not what scrypt costs. */
function hashOf(password: string): string {
  const salt = randomBytes(16);
  return `scrypt:1024:8:1:${salt.toString('base64url')}:${scryptSync(password, salt, 32, { N: 1024 }).toString('base64url')}`;
}

/** Nobody waits in these tests: the clock stands still, so that a pause lasts until the test ends it. */
const clock = new FakeClock(Date.now());
let upstream: StubUpstream;
let gateway: TestGateway;
const connections: RawConnection[] = [];

beforeAll(async () => {
  upstream = await startStubUpstream({ now: () => clock.now(), tokenLifeMs: 30 * 86_400_000 });
  const people = ['anna', 'bert', 'carl'].map((name) => ({ name, keyHash: hashOf(`right-${name}`) }));
  gateway = await startGateway({
    identityUrl: upstream.identityUrl,
    clock,
    settings: {
      limits: { enabled: false },
      audit: { file: '/dev/null' },
      access: { mode: 'keys', clients: [robot.settings, ...people] },
    },
  });
  return async () => {
    await gateway.close();
    await upstream.close();
  };
});

afterEach(() => {
  for (const connection of connections.splice(0)) connection.close();
});

async function connect(address: string): Promise<RawConnection> {
  const connection = await connectRaw(gateway.url, address);
  connections.push(connection);
  return connection;
}

/** Connections from addresses that differ. */
const connectMany = (count: number, network: number): Promise<RawConnection[]> =>
  Promise.all(
    Array.from({ length: count }, (_, at) => connect(`127.${network}.${at >> 7}.${(at & 127) + 1}`)),
  );

const logIn = (connection: RawConnection, username: string, password: string): Promise<RawAnswer> =>
  connection.ask(
    '/v2.0/tokens',
    { 'Content-Type': 'application/json' },
    'POST',
    JSON.stringify({ auth: { passwordCredentials: { username, password } } }),
  );

const countOf = (statuses: readonly number[]) =>
  Object.fromEntries(
    [...new Set(statuses)].sort().map((one) => [one, statuses.filter((s) => s === one).length]),
  );

describe('a flood of wrong keys from many addresses', () => {
  const WRONG: [string, () => Record<string, string>][] = [
    ['keys that nobody has', () => ({ 'X-Auth-Token': generateClientKey('robot') })],
    ['keys that were mistyped', () => ({ 'X-Auth-Token': `${robot.key.slice(0, -1)}-` })],
    [
      'tokens that were made up',
      () => ({ 'X-Auth-Token': `sluice_token_${randomBytes(120).toString('base64url')}` }),
    ],
    ['anything', () => ({ Authorization: `Bearer ${randomBytes(40).toString('hex')}` })],
  ];

  it.each(WRONG)('of %s is refused, asks nobody, and holds up no right key', async (_what, headers) => {
    const right = await connect('127.0.0.1');
    const ask = async () => (await right.ask(PATH, robot.headers)).status;
    expect(await ask()).toBe(200);
    const before = upstream.region('DFW').requests().length + upstream.identity.requests().length;
    let isOver = false;
    const flood = Promise.all(
      (await connectMany(64, 1)).map(async (connection) => {
        const statuses: number[] = [];
        for (let at = 0; at < 25; at++) statuses.push((await connection.ask(PATH, headers())).status);
        return statuses;
      }),
    ).finally(() => {
      isOver = true;
    });
    const rights: number[] = [];
    while (!isOver) rights.push(await ask());
    expect(countOf((await flood).flat())).toEqual({ 401: 64 * 25 });
    // One who is right has its turn with each that is wrong.
    expect(rights.length).toBeGreaterThan(10);
    expect(new Set(rights)).toEqual(new Set([200]));
    expect(upstream.region('DFW').requests().length + upstream.identity.requests().length).toBe(before);
  });
});

describe('a flood of wrong passwords', () => {
  it('from many addresses is refused or told to wait, while whoever knows a password goes on', async () => {
    const [annas, robots] = [await connect('127.0.0.2'), await connect('127.0.0.3')];
    expect((await logIn(annas, 'anna', 'right-anna')).status).toBe(200);

    let isOver = false;
    const names = ['anna', 'robot', 'nobody', 'root', 'admin'];
    const flood = Promise.all(
      (await connectMany(96, 2)).map(async (connection, index) => {
        const statuses: number[] = [];
        for (let at = 0; at < 15; at++) {
          const answer = await logIn(connection, names[(index + at) % names.length]!, `wrong-${index}-${at}`);
          statuses.push(answer.status);
          if (answer.status === 429 && !(Number(answer.field('retry-after')) >= 1)) statuses.push(0);
        }
        return statuses;
      }),
    ).finally(() => {
      isOver = true;
    });
    const seen = { key: [] as number[], known: [] as number[] };
    while (!isOver) {
      seen.key.push((await robots.ask(PATH, robot.headers)).status);
      seen.known.push((await logIn(annas, 'anna', 'right-anna')).status);
    }
    const statuses = countOf((await flood).flat());
    expect(Object.keys(statuses)).toEqual(['401', '429']);
    expect((statuses['401'] ?? 0) + (statuses['429'] ?? 0)).toBe(96 * 15);
    expect(seen.key.length).toBeGreaterThan(3);
    expect(new Set([...seen.key, ...seen.known])).toEqual(new Set([200]));
    // The name that was tried from everywhere is held back for those who have failed themselves, and for nobody else.
    const stranger = await connect('127.3.0.1');
    expect((await logIn(stranger, 'anna', 'right-anna')).status).toBe(200);
    expect((await logIn(stranger, 'anna', 'guess')).status).toBe(401);
    expect((await logIn(stranger, 'anna', 'another guess')).status).toBe(429);
    expect((await logIn(stranger, 'bert', 'right-bert')).status).toBe(200);
  });

  it('from one address at one name locks out neither the name elsewhere nor a neighbour', async () => {
    const attacker = await connect('127.4.0.1');
    const statuses: number[] = [];
    for (let at = 0; at < 40; at++) statuses.push((await logIn(attacker, 'carl', `wrong-${at}`)).status);
    expect(statuses.slice(0, 5)).toEqual([401, 401, 401, 401, 401]);
    expect(statuses.at(-1)).toBe(429);
    // Even the right one has to wait there: otherwise guessing would go on at full speed.
    expect((await logIn(attacker, 'carl', 'right-carl')).status).toBe(429);
    expect((await logIn(attacker, 'bert', 'right-bert')).status).toBe(200);
    expect((await logIn(await connect('127.4.0.2'), 'carl', 'right-carl')).status).toBe(200);
    // Words that were right are known now, wherever they come from.
    expect((await logIn(attacker, 'carl', 'right-carl')).status).toBe(200);
  });
});
