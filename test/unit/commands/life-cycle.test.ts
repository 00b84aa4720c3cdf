import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { type Host, runUntilStopped } from '../../../src/commands/life-cycle.ts';
import { createGate } from '../../support/gate.ts';

function createHost(): { host: Host; signals: EventEmitter; exits: number[] } {
  const signals = new EventEmitter();
  const exits: number[] = [];
  return { host: { signals, exit: (code) => void exits.push(code) }, signals, exits };
}

describe('the life of a service', () => {
  it.each(['SIGTERM', 'SIGINT'])('ends with 0 once %s has let what runs finish', async (signal) => {
    const { host, signals } = createHost();
    const closing = createGate();
    let isDone = false;
    const code = runUntilStopped(async () => ({ close: () => closing.pass() }), host).then((value) => {
      isDone = true;
      return value;
    });
    signals.emit(signal, signal);
    await closing.arrived(1);
    expect(isDone).toBe(false);
    closing.open();
    expect(await code).toBe(0);
    expect(signals.eventNames()).toEqual([]);
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ])('ends at once at a second signal: %s', async (signal, code) => {
    const { host, signals, exits } = createHost();
    const closing = createGate();
    const run = runUntilStopped(async () => ({ close: () => closing.pass() }), host);
    signals.emit('SIGTERM', 'SIGTERM');
    await closing.arrived(1);
    expect(exits).toEqual([]);
    signals.emit(signal, signal);
    expect(exits).toEqual([code]);
    closing.open();
    await run;
  });

  it('ends cleanly when the signal comes while it still starts', async () => {
    const { host, signals } = createHost();
    const starting = createGate();
    let closed = 0;
    const start = async () => {
      await starting.pass();
      return { close: async () => void closed++ };
    };
    const run = runUntilStopped(start, host);
    signals.emit('SIGTERM', 'SIGTERM');
    starting.open();
    expect(await run).toBe(0);
    expect(closed).toBe(1);
  });

  it('gives SIGHUP to a service that can reload, and survives a reload that fails', async () => {
    const { host, signals } = createHost();
    const reloading = createGate();
    const run = runUntilStopped(
      async () => ({ close: async () => {} }),
      host,
      async () => {
        await reloading.pass();
        throw new Error('broken');
      },
    );
    signals.emit('SIGHUP', 'SIGHUP');
    await reloading.arrived(1);
    reloading.open();
    signals.emit('SIGHUP', 'SIGHUP');
    await reloading.arrived(2);
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await run).toBe(0);
  });

  it('leaves SIGHUP to the system where nothing can be reloaded', async () => {
    const { host, signals } = createHost();
    const run = runUntilStopped(async () => ({ close: async () => {} }), host);
    expect(signals.listenerCount('SIGHUP')).toBe(0);
    signals.emit('SIGINT', 'SIGINT');
    await run;
  });

  it('passes on why it could not start', async () => {
    const { host, signals } = createHost();
    await expect(runUntilStopped(() => Promise.reject(new Error('no socket')), host)).rejects.toThrow(
      'no socket',
    );
    expect(signals.eventNames()).toEqual([]);
  });
});
