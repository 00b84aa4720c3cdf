import { beforeEach, describe, expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { scenario } from '../support/scenario.ts';
import { fault, json, noContent } from '../support/stub-answers.ts';

const { it, gateway, dfw, clock } = scenario('test', { standstill: true });

interface Item {
  id: string;
  status: string;
  links: object[];
  [member: string]: unknown;
}
let servers: Item[];

beforeEach(() => {
  servers = [];
  dfw.on('POST /servers', (exchange) => {
    const id = `s${servers.length + 1}`;
    const links = [{ rel: 'self', href: `${dfw.url}/servers/${id}` }];
    servers.push({ id, status: 'BUILD', links });
    return json({ server: { id, links, adminPass: `pass-${id}` } }, 202)(exchange);
  });
  dfw.on('GET /servers/detail', (exchange) => json({ servers })(exchange));
  dfw.on('GET /servers/s1', (exchange) => json({ server: servers[0] })(exchange));
  dfw.on('POST /servers/s1/action', ({ response }) => void response.writeHead(202).end());
});

const url = (path: string) => `${gateway.url}/dfw/v2/700100${path}`;
const post = (path: string, body: object, headers: Record<string, string> = {}) =>
  ask(url(path), {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });
const create = (wait: number, headers = {}) =>
  post('/servers?sluice:until=ACTIVE', { server: { name: 'n' } }, { prefer: `wait=${wait}`, ...headers });
const polls = () => dfw.count('GET /servers/detail');

/** Turns the clock until somebody is answered. */
async function whileTicking<T>(answer: Promise<T>): Promise<T> {
  let isOver = false;
  void answer.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    clock.tick(500);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return answer;
}

describe('a create', () => {
  it('is answered once the server is there, password included, with one poll for all', async () => {
    const waiting = Promise.all(Array.from({ length: 30 }, () => create(300)));
    await expect.poll(() => servers.length).toBe(30);
    for (let time = 0; time < 4; time++) {
      clock.tick(5000);
      const before = polls();
      await expect.poll(polls).toBeGreaterThanOrEqual(before);
    }
    for (const server of servers) server.status = 'ACTIVE';
    const answers = await whileTicking(waiting);
    for (const answered of answers) {
      expect(answered.status).toBe(202);
      const { server } = answered.json<{ server: Item }>();
      expect(server).toMatchObject({ status: 'ACTIVE', adminPass: `pass-${server.id}` });
      expect(server.links[0]).toEqual({ rel: 'self', href: url(`/servers/${server.id}`) });
      expect(answered.headers).toMatchObject({
        'preference-applied': 'wait=300',
        'x-sluice-status': 'ACTIVE',
      });
      expect(answered.headers['x-sluice-age']).toMatch(/^\d+$/);
    }
    expect(polls()).toBeLessThan(15);
  });

  it('is answered with the state it has when the time is over, and in XML', async () => {
    const answered = await whileTicking(create(10, { accept: 'application/xml' }));
    expect(answered.status).toBe(202);
    expect(answered.text).toMatch(/<server [^>]*status="BUILD"/);
    expect(answered.headers).toHaveProperty('x-sluice-status', 'BUILD');
  });

  it('is answered when the server ends in an error, and when it was refused', async () => {
    const waiting = create(300);
    await expect.poll(() => servers.length).toBe(1);
    servers[0]!.status = 'ERROR';
    expect((await whileTicking(waiting)).json()).toHaveProperty('server.status', 'ERROR');
    dfw.on('POST /servers', fault('badRequest', 400, 'no such flavor'));
    expect((await create(300)).status).toBe(400);
  });
});

describe('a create that was answered long ago', () => {
  const again = (headers = {}) => create(300, { 'idempotency-key': 'k', ...headers });

  it('is answered with the state that it has by now', async () => {
    const first = await post('/servers', { server: { name: 'n' } }, { 'idempotency-key': 'k' });
    expect(first.status).toBe(202);
    servers[0]!.status = 'ACTIVE';
    clock.tick(3_600_000);
    // It has not changed for so long that no list of changes has it.
    dfw.on('GET /servers/detail', json({ servers: [] }));
    const answered = await again();
    expect(answered.headers).toMatchObject({ 'idempotent-replayed': 'true', 'x-sluice-status': 'ACTIVE' });
    expect(answered.json()).toMatchObject({ server: { status: 'ACTIVE', adminPass: 'pass-s1' } });
    dfw.on('GET /servers/s1', fault('itemNotFound', 404, 'gone'));
    expect((await again()).headers).toHaveProperty('x-sluice-status', 'DELETED');
  });
});

describe('a deletion', () => {
  it('is answered once the server is gone, though it had failed', async () => {
    servers.push({ id: 's1', status: 'ERROR', links: [] });
    dfw.on('DELETE /servers/s1', noContent());
    const waiting = ask(url('/servers/s1?sluice:until=DELETED'), {
      method: 'DELETE',
      headers: { prefer: 'wait=300' },
    });
    await expect.poll(() => dfw.count('DELETE /servers/s1')).toBe(1);
    clock.tick(5000);
    await expect.poll(polls).toBeGreaterThan(0);
    servers[0]!.status = 'DELETED';
    const answered = await whileTicking(waiting);
    expect([answered.status, answered.headers['x-sluice-status']]).toEqual([204, 'DELETED']);
  });
});

describe('a poll', () => {
  it('is charged to no client’s own limits', async () => {
    await gateway.reload({
      access: { clients: [{ name: 'ci', limits: [{ verb: 'GET', uri: '*', value: 1, unit: 'HOUR' }] }] },
    });
    servers.push({ id: 's1', status: 'BUILD', links: [] });
    const waiting = ask(url('/servers/s1?sluice:until=ACTIVE'), {
      headers: { prefer: 'wait=300', 'x-sluice-client': 'ci' },
    });
    await expect.poll(() => dfw.count('GET /servers/s1')).toBe(1);
    servers[0]!.status = 'ACTIVE';
    expect((await whileTicking(waiting)).headers).toHaveProperty('x-sluice-status', 'ACTIVE');
  });
});

describe('a read', () => {
  it('is answered at once when the state is there, and later when it is not', async () => {
    servers.push({ id: 's1', status: 'ACTIVE', links: [] });
    const at = (state: string) =>
      ask(url(`/servers/s1?sluice:until=${state}`), { headers: { prefer: 'wait=300' } });
    const now = await at('active');
    expect(now.json()).toHaveProperty('server.status', 'ACTIVE');
    expect(now.headers).toHaveProperty('x-sluice-age', '0');
    expect(polls()).toBe(0);
    const later = at('SHUTOFF');
    await expect.poll(() => dfw.count('GET /servers/s1')).toBe(2);
    servers[0]!.status = 'SHUTOFF';
    expect((await whileTicking(later)).json()).toHaveProperty('server.status', 'SHUTOFF');
    expect(dfw.requests('GET /servers/s1').every(({ query }) => query === '')).toBe(true);
  });

  it.each([
    '/servers?sluice:until=ACTIVE',
    '/limits?sluice:until=ACTIVE',
    '/servers/s1?sluice:until=',
    '/servers/s1?sluice:until=a%20b',
  ])('%s is 400', async (path) => expect((await ask(url(path))).status).toBe(400));
});

describe('an action', () => {
  it('is answered once it is through: a state that is being left does not count', async () => {
    servers.push({ id: 's1', status: 'ACTIVE', 'OS-EXT-STS:task_state': 'rebooting', links: [] });
    const waiting = post(
      '/servers/s1/action?sluice:until=ACTIVE',
      { reboot: { type: 'SOFT' } },
      { prefer: 'wait=300' },
    );
    await expect.poll(() => dfw.count('POST /servers/s1/action')).toBe(1);
    clock.tick(5000);
    await expect.poll(polls).toBeGreaterThan(0);
    servers[0]!['OS-EXT-STS:task_state'] = null;
    const answered = await whileTicking(waiting);
    expect(answered.status).toBe(202);
    expect(answered.text).toBe('');
    expect(answered.headers).toHaveProperty('x-sluice-status', 'ACTIVE');
  });
});
