import { expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { LIMITER_KINDS } from '../support/reference-upstreams.ts';
import { setScene } from '../support/scenario.ts';
import { json } from '../support/stub-answers.ts';
import { enforcedBy } from '../support/stub-rates.ts';

/** A limit that no answer tells of: neither the limits nor the Retry-After of a refusal. */
const hidden = (kind: (typeof LIMITER_KINDS)[number]) => {
  const model = enforcedBy(kind, [{ verb: 'ALL', uri: '*', value: 20, unit: 'SECOND' }]);
  return { refuse: (...asked: Parameters<typeof model.refuse>) => model.refuse(...asked) && TOO_MANY };
};
const TOO_MANY = json({ error: { code: 429, title: 'Too Many Requests' } }, 429);

it.each(LIMITER_KINDS)(
  'callers see nothing of a limit that a region enforces and nobody tells of (%s)',
  async (kind) => {
    const { gateway, dfw } = await setScene({
      script: (upstream) => {
        upstream.region('DFW').publish([]);
        upstream.region('DFW').enforce(hidden(kind));
      },
    });
    const statuses = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const { status } = await ask(`${gateway.url}/dfw/v2/700100/os-keypairs?n=${index}`);
        return status;
      }),
    );
    expect(new Set(statuses)).toEqual(new Set([statuses[0]]));
    expect(statuses[0]).not.toBe(429);
    expect(statuses[0]).not.toBe(413);
    expect(
      await gateway.metric('sluice_upstream_overlimit_total', { region: 'DFW', service: 'compute' }),
    ).toBeGreaterThan(0);
    expect(await gateway.metric('sluice_limit_info', { origin: 'learned', region: 'DFW' })).toBe(1);
    expect(dfw.count('GET /os-keypairs')).toBeGreaterThan(100);
  },
);
