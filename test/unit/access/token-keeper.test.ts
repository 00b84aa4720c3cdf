import { expect, it } from 'vitest';
import { TokenKeeper } from '../../../src/access/token-keeper.ts';
import { Fault } from '../../../src/faults/faults.ts';
import { Standings } from '../../../src/standing.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { FakeClock } from '../../support/fake-clock.ts';

it('what is given back is bounded for each client, so that none takes the room of the others', () => {
  const clock = new FakeClock(Date.now());
  const log = createLog({ level: 'silent', requests: 'errors' } as never, { write: () => {} });
  const keeper = new TokenKeeper(clock, log, new Standings(() => clock.now()));
  const claimsOf = (client: string) => ({ client, expiresAtMs: clock.now() + 86_400_000 }) as never;
  const giveBack = (client: string, at: number) =>
    keeper.revoke({ id: `sluice_token_${client}-${at}`, claims: claimsOf(client) });
  let given = 0;
  const refused = () => {
    try {
      while (given < 20_000) giveBack('busy', given++);
    } catch (error) {
      return error;
    }
    return undefined;
  };
  const fault = refused();
  expect(fault).toBeInstanceOf(Fault);
  expect([(fault as Fault).code, (fault as Fault).headers['retry-after']]).toEqual([429, '4']);
  expect(given).toBe(5_001);
  // Others give theirs back as ever, and so does this one in a while.
  expect(() => giveBack('other', 0)).not.toThrow();
  clock.tick(4_000);
  expect(() => giveBack('busy', given)).not.toThrow();
  expect(keeper.revocations.has('sluice_token_busy-0', clock.now() + 86_396_000)).toBe(true);
});
