import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { parseKeyHash, type ScryptHash, verifyPassword } from '../../src/access/key-hash.ts';
import { startCli, stopCliProcesses } from '../support/cli-process.ts';

afterEach(stopCliProcesses);

async function run(args: readonly string[], input?: string) {
  const cli = startCli(args, {}, input);
  return { code: await cli.ended, stdout: cli.stdout(), stderr: cli.stderr() };
}

describe('sluice new-key', () => {
  it('prints a key, and its hash for the configuration, which hash-key makes of it too', async () => {
    const { code, stdout } = await run(['new-key', 'billing']);
    expect(code).toBe(0);
    const key = stdout.split('\n')[0]!;
    expect(key).toMatch(/^sluice_key_billing_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/);
    const hash = `sha256:${createHash('sha256').update(key).digest('hex')}`;
    expect(stdout).toContain(`keyHash: "${hash}"`);
    expect(await run(['hash-key'], `${key}\n`)).toEqual({ code: 0, stdout: `${hash}\n`, stderr: '' });
  });

  it('refuses a name that no client can have, and no name', async () => {
    const { code, stdout, stderr } = await run(['new-key', 'a b']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^NAME: is no name of a client, accepted: /);
    expect((await run(['new-key'])).code).not.toBe(0);
  });
});

describe('sluice hash-key', () => {
  it('makes a scrypt hash of a password, without its line end', async () => {
    const { code, stdout } = await run(['hash-key'], ' correct horse \r\n');
    expect(code).toBe(0);
    const hash = parseKeyHash(stdout.trimEnd()) as ScryptHash;
    expect(await verifyPassword(' correct horse ', hash)).toBe(true);
  });

  it.each([
    ['', 'There is nothing to hash'],
    ['\n', 'There is nothing to hash'],
    ['one\ntwo\n', 'more than one line'],
    [`${'x'.repeat(2_000)}\n`, 'too long'],
    ['sluice_key_billing_mistyped\n', 'cut or mistyped'],
  ])('refuses %j', async (input, reason) => {
    const { code, stdout, stderr } = await run(['hash-key'], input);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(reason);
  });

  it('takes no secret as an argument', async () => {
    const { code, stdout } = await run(['hash-key', 'hunter2'], '');
    expect(code).not.toBe(0);
    expect(stdout).toBe('');
  });
});
