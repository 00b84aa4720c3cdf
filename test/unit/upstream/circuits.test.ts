import { expect, it } from 'vitest';
import type { Place } from '../../../src/routing/directory.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import type { CircuitPass } from '../../../src/upstream/circuit.ts';
import { Circuits } from '../../../src/upstream/circuits.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const SETTINGS = { failures: 2, openMs: 1000, mostInFlight: 10 };

function setUp() {
  const metrics = createMetrics();
  const clock = new FakeClock();
  const lines: string[] = [];
  const tell = (_fields: object, line: string) => void lines.push(line);
  const circuits = new Circuits(metrics, { warn: tell, info: tell } as never, clock);
  circuits.use(SETTINGS, new Set(['main', 'second']));
  const place = (account: string, region = 'DFW', type?: string) =>
    ({
      account: { name: account },
      endpoint: { region },
      ...(type === undefined ? {} : { service: { type } }),
    }) as unknown as Place;
  const fail = (of: Place, times: number) => {
    for (let time = 0; time < times; time++) {
      const circuit = circuits.of(of);
      circuit.ended(circuit.enter(clock.monotonic()) as CircuitPass, 'failure', clock.monotonic());
    }
  };
  const states = async () =>
    (await metrics.text()).split('\n').filter((line) => line.startsWith('sluice_circuit_state{'));
  return { circuits, clock, lines, place, fail, states };
}

it('stand as they are, each since its own moment, however often one is tried in vain', () => {
  const { circuits, clock, lines, place, fail } = setUp();
  const begun = clock.now();
  circuits.of(place('main'));
  clock.tick(500);
  fail(place('main', 'DFW', 'image'), 2);
  const opened = clock.now();
  clock.tick(2000);
  fail(place('main', 'DFW', 'image'), 1);
  const main = { account: 'main', region: 'DFW' };
  expect(circuits.standings()).toEqual([
    { ...main, service: 'compute', state: 'closed', sinceMs: begun },
    { ...main, service: 'image', state: 'open', sinceMs: opened },
  ]);
  expect(lines).toEqual([expect.stringMatching(/^image of DFW does not answer/)]);
});

it('count what is under way at a region over its services', () => {
  const { circuits, clock, place } = setUp();
  for (const type of [undefined, 'image']) circuits.of(place('main', 'DFW', type)).enter(clock.monotonic());
  circuits.of(place('main', 'ORD')).enter(clock.monotonic());
  expect([circuits.inFlight('main', 'DFW'), circuits.inFlight('main', 'ORD')]).toEqual([2, 1]);
  expect(circuits.inFlight('second', 'DFW')).toBe(0);
});

it('take other settings as they are, and are forgotten with their account', async () => {
  const { circuits, place, fail, states } = setUp();
  fail(place('main'), 2);
  fail(place('second'), 1);
  expect(await states()).toEqual([
    'sluice_circuit_state{account="main",region="DFW",service="compute"} 2',
    'sluice_circuit_state{account="second",region="DFW",service="compute"} 0',
  ]);
  circuits.use({ ...SETTINGS, failures: 3 }, new Set(['second']));
  fail(place('second'), 1);
  expect(await states()).toEqual(['sluice_circuit_state{account="second",region="DFW",service="compute"} 0']);
  fail(place('second'), 1);
  expect(await states()).toEqual(['sluice_circuit_state{account="second",region="DFW",service="compute"} 2']);
});
