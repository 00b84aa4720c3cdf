import { isJsonObject, type JsonObject } from '../../../src/json.ts';
import {
  ensure,
  ensureEmpty,
  ensureEqual,
  ensureStatus,
  numberOf,
  objectIn,
  textOf,
  timeOf,
} from '../expectation.ts';
import type { Section } from '../section.ts';
import type { Trial } from '../trial.ts';

/** Table 1.3, as `verb uri value unit`. */
const TABLE_1_3 = [
  'GET * 100 MINUTE',
  'GET /os-networksv2 0 MINUTE',
  'GET /servers 1000 DAY',
  'POST * 100 MINUTE',
  'POST /os-networksv2 0 DAY',
  'POST /servers 1000 DAY',
];

/** A gateway waits for a slot, and answers what it knows, unless it is told not to; a region minds neither header. */
const AT_ONCE = { 'x-sluice-max-wait': '0', 'cache-control': 'no-cache' };

/** Section 1.8.1. The texts of refusals differ between a region and a gateway, so only statuses are compared. */
export const rateLimits: Section = {
  id: '1.8.1',
  title: 'Rate Limits',
  cases: [
    {
      name: 'the published limits are those of Table 1.3',
      needs: 'world',
      async run(trial) {
        const { limited } = trial.control!;
        const answer = ensureStatus(await limited.ask('GET', '/limits', { comparison: 'status' }), 200);
        const rows = ratesOf(objectIn(answer, 'limits')).flatMap((rate) =>
          limitsOf(rate).map(({ verb, value, unit }) => `${verb} ${rate['uri']} ${value} ${unit}`),
        );
        ensureEqual(rows.sort(), TABLE_1_3, 'the table');
      },
    },
    {
      name: 'a limit of 0 forbids: 413 overLimit with Retry-After and retryAt',
      needs: 'world',
      async run(trial) {
        await expectOverLimit(trial, '/os-networksv2');
      },
    },
    {
      name: 'what exceeds a limit is overLimit, and passes once the window is over',
      needs: 'world',
      async run(trial) {
        const { limited } = trial.control!;
        await trial.pass(61_000);
        for (let number = 1; number <= 100; number++)
          ensureStatus(await limited.ask('GET', '/flavors/2/os-extra_specs', { headers: AT_ONCE }), 200);
        await expectOverLimit(trial, '/flavors/2/os-extra_specs');
        await trial.pass(61_000);
        ensureStatus(await limited.ask('GET', '/flavors/2/os-extra_specs', { headers: AT_ONCE }), 200);
      },
    },
  ],
};

async function expectOverLimit(trial: Trial, path: string): Promise<void> {
  const answer = await trial.control!.limited.ask('GET', path, { comparison: 'status', headers: AT_ONCE });
  const fault = trial.expectFault(answer, 'overLimit');
  timeOf(fault, 'retryAt');
  const retryAfter = answer.headers.get('retry-after') ?? '';
  const isTime = /^\d+$/.test(retryAfter) || !Number.isNaN(Date.parse(retryAfter));
  ensure(isTime, `Retry-After is "${retryAfter}", neither seconds nor a date`);
}

/** Table 1.4 and 1.5: what every account has. */
const ABSOLUTE = [
  'maxImageMeta',
  'maxPersonality',
  'maxPersonalitySize',
  'maxServerMeta',
  'maxTotalCores',
  'maxTotalInstances',
  'maxTotalPrivateNetworks',
  'maxTotalRAMSize',
  'totalCoresUsed',
  'totalInstancesUsed',
  'totalRAMUsed',
];

/** Section 1.8.2 */
export const absoluteLimits: Section = {
  id: '1.8.2',
  title: 'Absolute Limits',
  cases: [
    {
      name: 'every limit of Tables 1.4 and 1.5 is there, as a number',
      needs: 'read',
      async run(trial) {
        const absolute = await absoluteOf(trial);
        for (const name of ABSOLUTE) numberOf(absolute, name);
      },
    },
    {
      name: 'what is used follows the servers there are',
      needs: 'world',
      async run(trial) {
        const before = await absoluteOf(trial);
        const id = await trial.create();
        const between = await absoluteOf(trial);
        const path = `/flavors/${trial.range.flavor}`;
        const flavor = objectIn(ensureStatus(await trial.ask('GET', path), 200), 'flavor');
        const grown = (name: string) => numberOf(between, name) - numberOf(before, name);
        const growth = [grown('totalInstancesUsed'), grown('totalRAMUsed'), grown('totalCoresUsed')];
        ensureEqual(growth, [1, flavor['ram'], flavor['vcpus']], 'the growth of instances, RAM and cores');
        ensureEmpty(await trial.ask('DELETE', `/servers/${id}`), 204);
        ensureEqual(await absoluteOf(trial), before, 'what is used without the server');
      },
    },
    {
      name: 'a create beyond a quota is overLimit with Retry-After 0: waiting is no help',
      needs: 'world',
      async run(trial) {
        const server = {
          name: 'many',
          imageRef: trial.range.image,
          flavorRef: '8',
          min_count: 3,
          max_count: 3,
        };
        const answer = await trial.ask('POST', '/servers', { body: { server } });
        trial.expectFault(answer, 'overLimit');
        ensureEqual(answer.headers.get('retry-after'), '0', 'Retry-After');
      },
    },
  ],
};

/** A gateway may answer what the region said a few seconds ago, so those are let pass where time is ours. */
async function absoluteOf(trial: Trial): Promise<JsonObject> {
  if (trial.control) await trial.pass(6000);
  const answer = await trial.ask('GET', '/limits', { comparison: 'status' });
  const limits = objectIn(ensureStatus(answer, 200, 203), 'limits');
  ensure(isJsonObject(limits['absolute']), 'the limits have no object "absolute"');
  return limits['absolute'];
}

/** Section 1.8.3 */
export const getLimits: Section = {
  id: '1.8.3',
  title: 'Get Limits',
  cases: [
    {
      name: 'rates come by uri and regex, each limit with verb, value, remaining, unit and next-available',
      needs: 'read',
      async run(trial) {
        const answer = ensureStatus(await trial.ask('GET', '/limits', { comparison: 'status' }), 200, 203);
        const rates = ratesOf(objectIn(answer, 'limits'));
        for (const rate of rates) {
          ensure(typeof rate['uri'] === 'string', `a rate has no uri: ${JSON.stringify(rate)}`);
          textOf(rate, 'regex');
          for (const limit of limitsOf(rate)) checkLimit(limit);
        }
      },
    },
  ],
};

function checkLimit(limit: JsonObject): void {
  textOf(limit, 'verb');
  ensure(numberOf(limit, 'remaining') <= numberOf(limit, 'value'), 'more remains than the limit');
  const unit = textOf(limit, 'unit');
  ensure(/^(SECOND|MINUTE|HOUR|DAY)S?$/.test(unit), `the unit is ${unit}`);
  timeOf(limit, 'next-available');
}

function ratesOf(limits: JsonObject): JsonObject[] {
  ensure(Array.isArray(limits['rate']), 'the limits have no list "rate"');
  return limits['rate'].filter(isJsonObject);
}

function limitsOf(rate: JsonObject): JsonObject[] {
  ensure(Array.isArray(rate['limit']), `the rate of ${rate['uri']} has no list "limit"`);
  return rate['limit'].filter(isJsonObject);
}
