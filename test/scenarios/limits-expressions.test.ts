import { afterEach, beforeEach, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { publishedAs } from '../support/stub-rates.ts';
import type { StubRegion } from '../support/stub-region.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

let upstream: StubUpstream;
let gateway: TestGateway;
let dfw: StubRegion;

beforeEach(async () => {
  const clock = new FakeClock(Date.now());
  upstream = await startStubUpstream({ now: () => clock.now(), tokenLifeMs: 30 * 86_400_000 });
  dfw = upstream.region('DFW');
  dfw.publish(
    publishedAs([
      // Each of these would keep a backtracking engine busy for longer than anybody waits.
      { verb: 'GET', uri: '*changes-since*', regex: '.*changes-since.*', value: 3, unit: 'MINUTE' },
      { verb: 'GET', uri: '/nested', regex: '^/nested$|^(/?[a-z]*)*!', value: 3, unit: 'MINUTE' },
      { verb: 'GET', uri: '/both', regex: '^/both$|(x|x)*(x|x)*!', value: 3, unit: 'MINUTE' },
      { verb: 'GET', uri: '/counted', regex: '^/counted$|(.?){400}!', value: 3, unit: 'MINUTE' },
      { verb: 'GET', uri: '*a*a*a*a*a*a*b', value: 3, unit: 'MINUTE' },
      // This cannot be run at all: its uri decides.
      { verb: 'GET', uri: '/ahead', regex: '^(?=.*x)(?=.*y).*$', value: 0, unit: 'MINUTE' },
      { verb: 'POST', uri: '/rax-networks', regex: '/v[^/](\\d+)/(rax-networks)/?.*', value: 0, unit: 'DAY' },
    ]).map((rate) => (rate.uri.includes('a*a') ? { ...rate, regex: '' } : rate)),
  );
  gateway = await startGateway({ identityUrl: upstream.identityUrl, clock });
  // Known limits first: this answer comes when GET /limits has been answered.
  await ask(url('/limits'));
});

afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

const url = (path: string) => `${gateway.url}/dfw/v2/700100${path}`;

it('an 8 KiB path is answered under limits whose expressions are the worst there are', async () => {
  dfw.on('GET /os-things', ({ response }) => void response.end('{}'));
  for (const unit of ['x', 'a', 'changes-sinc', '%C3%A9/']) {
    const long = unit.repeat(Math.floor(3_900 / unit.length));
    const { status } = await ask(url(`/os-things/${long}?${long}`));
    expect(status).toBe(404);
  }
});

it('a limit of 0 is obeyed without asking the region, although its expression is wrong or cannot be run', async () => {
  const before = dfw.count('POST /rax-networks') + dfw.count('GET /ahead');
  const post = await ask(url('/rax-networks'), { method: 'POST', body: '{}' });
  expect(post.status).toBe(413);
  expect(post.text).toContain('POST /rax-networks, 0 per DAY');
  const get = await ask(url('/ahead/7'));
  expect(get.status).toBe(413);
  expect(get.text).toContain('GET /ahead, 0 per MINUTE');
  expect(dfw.count('POST /rax-networks') + dfw.count('GET /ahead')).toBe(before);
});
