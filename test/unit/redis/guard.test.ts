import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, it } from 'vitest';
import type { RedisConnection } from '../../../src/redis/connection.ts';
import { PAUSE_MS, RedisGuard } from '../../../src/redis/guard.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** A guard over a connection whose events and answers the test makes; what real servers do is in the scenarios. */
let clock: FakeClock;
let connection: EventEmitter & { status: string };
let outcomes: string[];
let warnings: string[];
let infos: string[];
let guard: RedisGuard;

beforeEach(() => {
  clock = new FakeClock();
  connection = Object.assign(new EventEmitter(), { status: 'ready' });
  [outcomes, warnings, infos] = [[], [], []];
  guard = new RedisGuard({
    redis: connection as unknown as RedisConnection,
    clock,
    part: 'cache',
    observe: { redis: (operation, outcome) => outcomes.push(`${operation} ${outcome}`), usesRedis: () => {} },
    log: {
      warn: (_, message) => warnings.push(message),
      info: (_, message) => infos.push(message),
    },
  });
});

const failing = (message: string) => () => Promise.reject(new Error(message));
const working = async () => 'done';

describe('a guard', () => {
  it('leaves Redis alone for a while after a failure', async () => {
    expect(await guard.attempt('read', failing('Command timed out'))).toBeUndefined();
    expect(await guard.attempt('read', working)).toBeUndefined();
    await clock.advance(PAUSE_MS);
    expect(await guard.attempt('read', working)).toBe('done');
    expect(outcomes).toEqual(['read timeout', 'read skipped', 'read ok']);
    expect([warnings.length, infos.length]).toEqual([1, 1]);
  });

  it.each(['OOM command not allowed', 'WRONGTYPE Operation against a key'])(
    'goes on after what concerns one command only (%s)',
    async (message) => {
      await guard.attempt('read', failing(message));
      expect(await guard.attempt('read', working)).toBe('done');
      expect(warnings).toEqual([]);
    },
  );

  it('says once what is wrong, whatever else the same trouble brings', async () => {
    await guard.attempt('read', failing('WRONGPASS invalid'));
    connection.emit('error', new Error('WRONGPASS invalid'));
    connection.emit('reconnecting');
    connection.emit('error', new Error('Connection is closed.'));
    expect(warnings).toEqual([expect.stringContaining('refuses the credentials')]);
    connection.emit('ready');
    expect(infos).toEqual([]);
    expect(await guard.attempt('read', working)).toBe('done');
    expect(infos).toHaveLength(1);
  });

  it('tells what an operator has to mend, and not each step of a failover', async () => {
    connection.emit('error', new Error('Connection is closed.'));
    connection.emit('error', new Error('LOADING Redis is loading'));
    connection.emit('ready');
    await guard.attempt('write', failing("READONLY You can't write"));
    connection.emit('error', new Error('NOAUTH Authentication required.'));
    expect(warnings).toEqual([
      expect.stringContaining('does not answer'),
      expect.stringContaining('refuses the credentials'),
    ]);
  });

  it('does not hurry to ask the next server when this one is no master', async () => {
    await guard.attempt('write', failing("READONLY You can't write"));
    connection.emit('ready');
    expect(await guard.attempt('write', working)).toBeUndefined();
    await clock.advance(PAUSE_MS);
    expect(await guard.attempt('write', working)).toBe('done');
    expect(infos).toEqual(['Redis works for the cache again']);
  });

  it('asks at once when a connection that was lost is back', async () => {
    await guard.attempt('read', failing('Connection is closed.'));
    connection.status = 'reconnecting';
    expect(await guard.attempt('read', working)).toBeUndefined();
    connection.status = 'ready';
    connection.emit('ready');
    expect(await guard.attempt('read', working)).toBe('done');
  });

  it('does not end what only part of the commands suffer from', async () => {
    guard.trouble('full', 'Redis is full');
    expect(await guard.attempt('read', working)).toBe('done');
    expect(infos).toEqual([]);
    guard.over('full');
    expect(infos).toHaveLength(1);
  });

  it('speaks of rubbish now and then, however much there is, and counts all of it', async () => {
    for (let at = 0; at < 100; at++) {
      guard.rubbish('read', 'Redis holds rubbish');
      await guard.attempt('read', working);
    }
    expect(warnings).toHaveLength(1);
    expect(infos).toEqual([]);
    expect(outcomes.filter((outcome) => outcome === 'read rubbish')).toHaveLength(100);
    await clock.advance(600_000);
    guard.rubbish('read', 'Redis holds rubbish');
    expect(warnings).toHaveLength(2);
  });
});
