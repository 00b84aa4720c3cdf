import { beforeEach, describe, expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { scenario } from '../support/scenario.ts';

const { it, gateway, dfw } = scenario('file');

let base: string;
beforeEach(() => {
  base = `${gateway.url}/dfw/v2/700100`;
  dfw.forget();
});

describe('a caller that leaves ends its request at the region', () => {
  it.each([
    ['a read', 'GET', '/servers/11', undefined],
    ['a cached read that nobody shares', 'GET', '/flavors/11', undefined],
    ['a write', 'PUT', '/servers/12', '{"server":{"name":"n"}}'],
    ['a read that goes through', 'GET', '/os-left/1', undefined],
    ['a write that goes through', 'POST', '/os-left/2', '{}'],
  ])('%s', async (_what, method, path, body) => {
    const gate = dfw.hold(`${method} ${path}`);
    const controller = new AbortController();
    const asked = ask(base + path, {
      method,
      signal: controller.signal,
      ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }),
    });
    await gate.arrived(1);
    controller.abort();
    await expect(asked).rejects.toThrow();
    const [request] = dfw.requests(`${method} ${path}`);
    await request!.closed;
    expect(request!.aborted).toBe(true);
    expect(dfw.count(`${method} ${path}`)).toBe(1);
    gate.open();
  });

  it('is counted as 499, not as an error', async () => {
    await expect
      .poll(() => gateway.metric('sluice_http_requests_total', { status: '499' }))
      .toBeGreaterThanOrEqual(3);
    expect(await gateway.metric('sluice_http_requests_total', { status: '500' })).toBe(0);
  });
});

describe('a fetch that others share', () => {
  it('goes on when the caller that started it leaves', async () => {
    const gate = dfw.hold('GET /images/detail');
    const controller = new AbortController();
    const leaver = ask(`${base}/images/detail`, { signal: controller.signal });
    await gate.arrived(1);
    const others = Array.from({ length: 5 }, () => ask(`${base}/images/detail`));
    // They wait for it once their requests were read; one that is answered shows that reading goes on.
    await ask(`${base}/limits`);
    controller.abort();
    await expect(leaver).rejects.toThrow();
    await ask(`${base}/limits`);
    gate.open();
    for (const { status } of await Promise.all(others)) expect(status).toBe(200);
    expect(dfw.count('GET /images/detail')).toBe(1);
    expect(dfw.requests('GET /images/detail')[0]?.aborted).toBe(false);
  });

  it('ends when the last one leaves', async () => {
    const gate = dfw.hold('GET /extensions');
    const controller = new AbortController();
    const all = Array.from({ length: 3 }, () => ask(`${base}/extensions`, { signal: controller.signal }));
    await gate.arrived(1);
    await ask(`${base}/limits`);
    controller.abort();
    await Promise.allSettled(all);
    const [request] = dfw.requests('GET /extensions');
    await request!.closed;
    expect(request!.aborted).toBe(true);
    gate.open();
    expect((await ask(`${base}/extensions`)).status).toBe(200);
  });
});

it('a caller that leaves in the middle of its own body reaches nobody', async () => {
  const controller = new AbortController();
  const asked = ask(`${base}/servers`, {
    method: 'POST',
    body: '{"server":',
    headers: { 'content-type': 'application/json', 'content-length': '500' },
    signal: controller.signal,
  });
  await ask(`${base}/limits`);
  controller.abort();
  await expect(asked).rejects.toThrow();
  expect((await ask(`${base}/servers`)).status).toBe(200);
  expect(dfw.count('POST /servers')).toBe(0);
});

it('a caller that leaves while a large answer streams ends the stream at the region', async () => {
  dfw.on('GET /os-left/3', async ({ request, response }) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    const chunk = Buffer.alloc(64 * 1024);
    while (!response.destroyed) {
      if (!response.write(chunk))
        await Promise.race([new Promise((resolve) => response.once('drain', resolve)), request.closed]);
    }
  });
  const controller = new AbortController();
  const response = await fetch(`${base}/os-left/3`, { signal: controller.signal });
  await response.body!.getReader().read();
  controller.abort();
  const [request] = dfw.requests('GET /os-left/3');
  await request!.closed;
  expect(request!.aborted).toBe(true);
});
