import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { askAsClient, BUSY_READS, startBusyGateway } from '../support/busy-gateway.ts';
import { freePort } from '../support/free-port.ts';
import type { TestGateway } from '../support/gateway.ts';
import { programAvailable, programPath } from '../support/programs.ts';
import { fault } from '../support/stub-answers.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PATIENCE = { timeout: 60_000 };
/** Where pictures of the page go; none are made without it. */
const PICTURES =
  process.env['SLUICE_SCREENSHOTS'] === 'yes' ? new URL('../../docs/', import.meta.url) : undefined;

const canRun = programAvailable('chromium');

let browser: Browser;
let upstream: StubUpstream;
let gateway: TestGateway;
let page: Page;
let adminPort: number;
let errors: string[];
let hosts: Set<string>;

const start = () => startBusyGateway(upstream, { admin: { port: adminPort } });

beforeAll(async () => {
  if (canRun)
    browser = await puppeteer.launch({ executablePath: programPath('chromium'), args: ['--no-sandbox'] });
}, 120_000);

afterAll(async () => {
  if (canRun) await browser.close();
});

beforeEach(async () => {
  if (!canRun) return;
  upstream = await startStubUpstream({ regions: ['DFW', 'ORD'] });
  adminPort = await freePort();
  gateway = await start();
  page = await browser.newPage();
  [errors, hosts] = [[], new Set()];
  page.on('console', (message) => void (message.type() === 'error' && errors.push(message.text())));
  page.on('pageerror', (error) => void errors.push(String(error)));
  page.on('request', (request) => void hosts.add(new URL(request.url()).host));
});

afterEach(async () => {
  if (!canRun) return;
  await page.close();
  await gateway.close();
  await upstream.close();
});

const get = (path: string) => askAsClient(gateway, path);

const shows = (text: string) =>
  page.waitForFunction(`document.body.textContent.includes(${JSON.stringify(text)})`, PATIENCE);

const picture = async (name: string) => {
  if (PICTURES === undefined) return;
  await page.screenshot({ path: fileURLToPath(new URL(name, PICTURES)) as `${string}.png`, fullPage: true });
};

/** What axe finds that keeps somebody from reading the page. */
async function barriers(): Promise<string[]> {
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };
    };
    return (await axe.run()).violations.map(({ id, impact, nodes }) => ({
      id,
      impact,
      html: nodes[0]?.html,
    }));
  });
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, html }) => `${id}: ${html}`);
}

describe.skipIf(!canRun)('the status page in a browser', () => {
  it('shows how things stand, and what changes, at 360 pixels, by day and by night', async () => {
    await page.setViewport({ width: 360, height: 740 });
    await page.goto(`${gateway.adminUrl}/status`);
    await shows('All is well.');
    await shows('live');
    for (let time = 0; time < 3; time++) await get('/flavors');
    for (let time = 0; time < BUSY_READS; time++) await get('/servers');
    const waiting = get('/servers?limit=1').catch(() => {});
    await ask(`${gateway.url}/dfw/v2/700100/servers/1`, { method: 'DELETE' });
    await shows('1 wait, the oldest for');
    await shows('3 used · 0 reserved · 0 free · 1 waiting');
    await shows('spent in');
    await shows('limit-forbidden');
    await page.waitForSelector('svg[aria-label*="hit 2"]', PATIENCE);
    await page.waitForSelector('svg[aria-label="Requests to regions saved in the last hour: 2"]', PATIENCE);

    await upstream.region('ORD').refuse();
    for (let time = 0; time < 3; time++) await ask(`${gateway.url}/ord/v2/700100/os-things`);
    await shows('Something is wrong.');
    await shows('region main ORD');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    expect(await barriers()).toEqual([]);
    await picture('status-narrow.png');
    const paper = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const byDay = await paper();
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
    expect(await paper()).not.toBe(byDay);
    expect(await barriers()).toEqual([]);
    await page.setViewport({ width: 1100, height: 800 });
    await picture('status-dark.png');
    expect(errors).toEqual([]);
    expect([...hosts].filter((host) => host !== '')).toEqual([new URL(gateway.adminUrl).host]);
    await gateway.close(0);
    await waiting;
  }, 240_000);

  it('survives a restart of the gateway, and shows the new one', async () => {
    await page.goto(`${gateway.adminUrl}/status`);
    await shows('live');
    expect(errors).toEqual([]);
    await gateway.close();
    await shows('not connected, trying again');
    upstream.region('DFW').on('GET /servers', fault('itemNotFound', 404, 'No.'));
    gateway = await start();
    await page.waitForFunction("document.getElementById('live').textContent === 'live'", PATIENCE);
    await ask(`${gateway.url}/nowhere/v2/700100/servers`);
    await shows('itemNotFound');
    // That nobody listened for a while is the network's to say; the page itself has no fault.
    expect(
      errors.filter(
        (text) => !/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_CONNECTION_RESET/.test(text),
      ),
    ).toEqual([]);
  }, 240_000);
});

describe('the status page', () => {
  it.skipIf(!canRun)('lets nothing in that a caller wrote', async () => {
    await ask(`${gateway.url}/%3Cscript%3Ealert(1)%3C%2Fscript%3E/v2/700100/servers`, {
      headers: { 'x-sluice-client': '<b>' },
    });
    const { text, headers } = await ask(`${gateway.adminUrl}/status`);
    expect(text).not.toContain('<script>alert');
    expect(headers['content-security-policy']).toContain(
      "default-src 'none'; script-src 'self'; style-src 'self'",
    );
    expect(headers['content-security-policy']).not.toContain('unsafe');
    expect(text).not.toMatch(/ style=|<script>|https?:/);
  });
});
