import type { EventEmitter } from 'node:events';
import { constants } from 'node:os';

/** What runs until it is told to stop. */
export interface Service {
  /** Finishes what runs, within its own bounds. */
  close(): Promise<void>;
}

/** The process around a service; tests put their own here. */
export interface Host {
  /** Emits SIGTERM, SIGINT and SIGHUP. */
  readonly signals: Pick<EventEmitter, 'on' | 'off'>;
  /** Ends the process at once. */
  exit(code: number): void;
}

/**
 * Starts a service and resolves with the exit code once SIGTERM or SIGINT has ended it. A second such signal does not
 * wait for requests under way. SIGHUP calls `reload`; a service without one leaves it to the system.
 *
 * @throws what `start` or `close` throws
 */
export async function runUntilStopped<S extends Service>(
  start: () => Promise<S>,
  host: Host,
  reload?: (service: S) => Promise<void>,
): Promise<number> {
  const started = start();
  let release = () => {};
  const stopped = new Promise<void>((resolve) => {
    let isStopping = false;
    const stop = (signal: 'SIGTERM' | 'SIGINT') => {
      if (isStopping) return host.exit(128 + constants.signals[signal]);
      isStopping = true;
      resolve();
    };
    const hangUp = () => void started.then(reload).catch(() => {});
    const handlers = { SIGTERM: stop, SIGINT: stop, ...(reload === undefined ? {} : { SIGHUP: hangUp }) };
    for (const [signal, handler] of Object.entries(handlers)) host.signals.on(signal, handler);
    release = () => {
      for (const [signal, handler] of Object.entries(handlers)) host.signals.off(signal, handler);
    };
  });
  try {
    const service = await started;
    await stopped;
    await service.close();
    return 0;
  } finally {
    release();
  }
}
