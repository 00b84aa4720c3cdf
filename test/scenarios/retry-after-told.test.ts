import { expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { scenario } from '../support/scenario.ts';
import { fault } from '../support/stub-answers.ts';

const { it, gateway, dfw } = scenario('test', { settings: { upstream: { retries: 0 } } });

it.each(['/servers', '/servers.xml', '/os-keypairs'])(
  'a caller of %s is not told to come back in fifty years when the region says when in seconds since the epoch',
  async (path) => {
    const answering = (retryAfter: string) =>
      dfw.on(
        `GET ${path.replace('.xml', '')}`,
        fault('serviceUnavailable', 503, 'Busy.', { 'retry-after': retryAfter }),
      );
    const get = () => ask(`${gateway.url}/dfw/v2/700100${path}`);
    answering('1795935228');
    expect((await get()).headers['retry-after']).toBeUndefined();
    answering('0');
    expect((await get()).headers['retry-after']).toBe('0');
  },
);
