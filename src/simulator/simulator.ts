import { type Clock, systemClock } from '../clock.ts';
import type { SimulatorSettings } from './config.ts';
import type { SimulatorControl } from './control.ts';
import type { Exchange } from './exchange.ts';
import { createListener, type Listener } from './listener.ts';
import { plantSeedFile } from './seed-file.ts';
import { createSpool, type Spool } from './spool.ts';
import { applyState, takeState } from './state.ts';
import { createStateFile, type StateFile } from './state-file.ts';
import { createSystem, type System } from './system.ts';

/**
 * The guide's system in memory: Identity v2.0 and v3 and any number of regions behind one listener, each region also at a
 * port of its own if wanted. A request's way: listener -> application (route, chaos) -> identity, or compute (version,
 * token, rate limits, region) -> body -> listener.
 */
export interface Simulator {
  /**
   * Takes up the state file, or else the seed, and starts to serve.
   *
   * @throws Error when a file is wrong or a port is taken
   */
  listen(): Promise<{
    /** Root of everything, `http://host:port`. */
    url: string;
    /** What clients log in at: `http://host:port/v2.0`, of a cloud of today `/v3` (of its first region where each has its own). */
    identityUrl: string;
  }>;
  /** Stops, breaking every connection, and writes the state file. */
  close(): Promise<void>;
  readonly control: SimulatorControl;
}

/** Where the simulator says what it meets. A pino logger fits. */
export interface SimulatorLog {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const SILENT: SimulatorLog = { info: () => {}, error: () => {} };

/**
 * A simulator that does not serve yet. Throws an Error for settings that contradict each other.
 *
 * @param options.observe hears of every request, and of what was done with it
 */
export function createSimulator(
  settings: SimulatorSettings,
  options: { clock?: Clock; log?: SimulatorLog; observe?: (exchange: Exchange) => void } = {},
): Simulator {
  const log = options.log ?? SILENT;
  checkPorts(settings);
  let stateFile: StateFile | null = null;
  const failed = (error: unknown) => log.error({ err: error }, 'the simulator met an error of its own');
  const changed = () => stateFile?.changed();
  const counted = () => stateFile?.counted();
  const system = createSystem(settings, options.clock ?? systemClock, {
    changed,
    counted,
    failed,
    exchanged: options.observe ?? (() => {}),
  });
  if (settings.stateFile !== null)
    stateFile = createStateFile(settings.stateFile, systemClock, () => takeState(system.state), failed);

  const listeners: Listener[] = [];
  const spool = createSpool();
  const stop = async () => void (await Promise.all(listeners.splice(0).map((listener) => listener.close())));
  return {
    control: system.control,
    async listen() {
      begin(system, stateFile, settings.seedFile);
      const port = await openAll(settings, system, listeners, spool).catch(async (error: unknown) => {
        await stop();
        throw error;
      });
      const url = `http://${settings.host.includes(':') ? `[${settings.host}]` : settings.host}:${port}`;
      log.info({ url, regions: settings.regions }, 'the simulator serves');
      return { url, identityUrl: `${url}${identityPath(settings)}` };
    },
    async close() {
      await stop();
      await stateFile?.flush();
      await spool.close();
    },
  };
}

function identityPath({ dialect, keystone, regions }: SimulatorSettings): string {
  if (dialect === 'guide') return '/v2.0';
  return keystone.perRegion ? `/identity/${regions[0]!.toLowerCase()}/v3` : '/v3';
}

function checkPorts({ regions, regionPorts }: SimulatorSettings): void {
  const names = regions.map((name) => name.toUpperCase());
  const stray = Object.keys(regionPorts).find((name) => !names.includes(name.toUpperCase()));
  if (stray !== undefined)
    throw new Error(`regionPorts names ${stray}, but the regions are ${names.join(', ')}`);
}

function begin({ state }: System, stateFile: StateFile | null, seedFile: string | null): void {
  const saved = stateFile?.load();
  if (saved) applyState(state, saved);
  else if (seedFile !== null) plantSeedFile(seedFile, state.regions);
  if (!saved) stateFile?.changed();
}

/** @returns the common port */
async function openAll(
  settings: SimulatorSettings,
  system: System,
  listeners: Listener[],
  spool: Spool,
): Promise<number> {
  const open = (port: number, place: string | null): Promise<number> => {
    const listener = createListener(settings, system.clock, place, system.handle, spool);
    listeners.push(listener);
    return listener.listen(settings.host, port);
  };
  for (const [name, port] of Object.entries(settings.regionPorts))
    system.ownPorts.set(name.toUpperCase(), await open(port, name.toUpperCase()));
  return open(settings.port, null);
}
