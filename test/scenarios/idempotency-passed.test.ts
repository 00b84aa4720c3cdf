import { beforeEach, describe, expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { createGate } from '../support/gate.ts';
import { scenario } from '../support/scenario.ts';
import { empty, fault, json, reset, text, unavailable } from '../support/stub-answers.ts';

const { it, gateway, dfw } = scenario('test', {
  regions: ['DFW'],
  settings: { upstream: { headersTimeoutMs: 500 } },
});

/** Key pairs that were made. */
let made = 0;

beforeEach(() => {
  made = 0;
  dfw.on('POST /os-keypairs', async (exchange) => {
    made++;
    const links = [{ rel: 'self', href: `${dfw.url}/os-keypairs/k${made}` }];
    await json({ keypair: { name: 'n', private_key: `secret-${made}`, links } }, 200)(exchange);
  });
});

const sent = () => dfw.count('POST /os-keypairs');

function post({ key = '"k-1"', body = '{"keypair":{"name":"n"}}', headers = {} } = {}) {
  return ask(`${gateway.url}/dfw/v2/700100/os-keypairs`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', 'idempotency-key': key, ...headers },
  });
}

describe('what goes through with a key', () => {
  it('is done once, and answered again as it was, at whatever address', async () => {
    const first = await post();
    const again = await post({ body: '{ "keypair": { "name": "n" } }' });
    expect([first.status, again.status]).toEqual([200, 200]);
    expect(first.headers).not.toHaveProperty('idempotent-replayed');
    expect(again.headers).toHaveProperty('idempotent-replayed', 'true');
    expect(again.json()).toEqual(first.json());
    const elsewhere = await post({ headers: { host: 'sluice.example' } });
    expect(elsewhere.text).toContain('http://sluice.example/dfw/v2/700100/os-keypairs/k1');
    expect(sent()).toBe(1);
    expect(
      await gateway.metric('sluice_idempotency_requests_total', { operation: 'other', outcome: 'replayed' }),
    ).toBe(2);
  });

  it('is another request under another key, and 422 with another body', async () => {
    await post();
    expect((await post({ body: '{"keypair":{"name":"other"}}' })).status).toBe(422);
    expect((await post({ key: 'k-2' })).status).toBe(200);
    expect((await post({ key: '"' })).status).toBe(400);
    expect(sent()).toBe(2);
  });

  it('is sent by one of many, and is 409 for who may not wait', async () => {
    const gate = createGate();
    dfw.on('POST /os-keypairs', async (exchange) => {
      await gate.pass();
      await json({ keypair: {} })(exchange);
    });
    await gateway.reload({ upstream: { headersTimeoutMs: 30_000 } });
    const all = Array.from({ length: 10 }, () => post());
    await gate.arrived(1);
    expect((await post({ headers: { 'x-sluice-max-wait': '0' } })).status).toBe(409);
    gate.open();
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(sent()).toBe(1);
  });

  it.each([
    ['by a reset', reset],
    ['behind a 504', text('timeout', 504)],
  ])('whose answer is lost %s is never sent again', async (_how, answer) => {
    dfw.on('POST /os-keypairs', answer);
    for (const { status, text } of [await post(), await post()])
      expect([status, text]).toEqual([500, expect.stringMatching(/cannot be found out/)]);
    expect(sent()).toBe(1);
  });

  it('is sent again after what did nothing, and not after what was refused for good', async () => {
    const refused = fault('conflictingRequest', 409, 'There is such a key pair.');
    dfw.on('POST /os-keypairs', unavailable, refused, json({}));
    expect((await post()).status).toBe(503);
    expect((await post()).status).toBe(409);
    expect((await post()).text).toContain('There is such a key pair');
    expect(sent()).toBe(2);
  });

  it('may have no body, in either direction', async () => {
    dfw.on('POST /os-keypairs', empty(202));
    for (const { status, text } of [await post({ body: '' }), await post({ body: '' })])
      expect([status, text]).toEqual([202, '']);
    expect(sent()).toBe(1);
  });

  it('is answered though its caller has left', async () => {
    const gate = createGate();
    dfw.on('POST /os-keypairs', async (exchange) => {
      await gate.pass();
      await json({ keypair: { name: 'kept' } })(exchange);
    });
    await gateway.reload({ upstream: { headersTimeoutMs: 30_000 } });
    const left = new AbortController();
    const first = ask(`${gateway.url}/dfw/v2/700100/os-keypairs`, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'k-1' },
      signal: left.signal,
    });
    await gate.arrived(1);
    left.abort();
    await expect(first).rejects.toThrow();
    gate.open();
    expect((await post({ body: '{}' })).text).toContain('kept');
    expect(sent()).toBe(1);
  });

  it('has a body of a megabyte at most', async () => {
    expect((await post({ body: 'x'.repeat(1024 * 1024 + 1) })).status).toBe(413);
    expect(sent()).toBe(0);
  });
});
