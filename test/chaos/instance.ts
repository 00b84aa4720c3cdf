import { type ChildProcess, spawn } from 'node:child_process';
import { openSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** How long an instance may take to be ready, on a machine under load, ms. */
const READY_DEADLINE_MS = 300_000;
const HEALTH_TIMEOUT_MS = 2_000;

export interface InstanceOptions {
  readonly name: string;
  readonly port: number;
  readonly adminPort: number;
  /** What runs Sluice: `node dist/cli.js`. */
  readonly command: readonly string[];
  /** Where its configuration and its log are. */
  readonly directory: string;
  /** Its configuration; `round` counts reloads. */
  readonly config: (round: number) => object;
}

/** One Sluice, started as its users start it. */
export class Instance {
  readonly #options: InstanceOptions;
  readonly #file: string;
  readonly #log: string;
  #child: ChildProcess | undefined;
  #isMeantToEnd = false;
  #rounds = 0;
  /** How it ended without having been told to, if it has. */
  crash: { readonly atMs: number; readonly how: string } | undefined;
  /** Connections of callers, kept between requests. */
  readonly agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  /** What the balancer's last look said. */
  isHealthy = true;

  constructor(options: InstanceOptions) {
    this.#options = options;
    this.#log = join(options.directory, `${options.name}.log`);
    this.#file = join(options.directory, `${options.name}.yaml`);
    this.#write();
  }

  get name(): string {
    return this.#options.name;
  }

  get port(): number {
    return this.#options.port;
  }

  start(): void {
    const [program = '', ...args] = this.#options.command;
    const log = openSync(this.#log, 'a');
    const { PATH = '', HOME = '' } = process.env;
    const child = spawn(program, [...args, 'serve', '-c', this.#file], {
      env: { PATH, HOME },
      stdio: ['ignore', log, log],
    });
    const endWithUs = () => child.kill('SIGKILL');
    process.once('exit', endWithUs);
    this.#isMeantToEnd = false;
    child.once('exit', (code, signal) => {
      process.removeListener('exit', endWithUs);
      if (!this.#isMeantToEnd) this.crash = { atMs: Date.now(), how: `${code ?? signal}` };
    });
    this.#child = child;
  }

  /** Sends a signal, if it runs. */
  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  async end(name: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    this.#isMeantToEnd = true;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(name);
    await gone;
  }

  /** Puts a changed configuration in force. */
  reload(): void {
    this.#rounds += 1;
    this.#write();
    this.signal('SIGHUP');
  }

  /** Whether it says that it serves. */
  isReady(): Promise<boolean> {
    return new Promise((resolve) => {
      const { adminPort } = this.#options;
      const asked = request(
        { host: '127.0.0.1', port: adminPort, path: '/readyz', agent: false, timeout: HEALTH_TIMEOUT_MS },
        (answer) => {
          answer.resume();
          resolve(answer.statusCode === 200);
        },
      );
      asked.once('timeout', () => asked.destroy());
      asked.once('error', () => resolve(false));
      asked.once('close', () => resolve(false));
      asked.end();
    });
  }

  /** @throws Error when it does not get ready */
  async untilReady(): Promise<void> {
    const deadline = Date.now() + READY_DEADLINE_MS;
    while (!(await this.isReady())) {
      if (this.crash !== undefined) throw new Error(`instance ${this.name} ended; see ${this.#log}`);
      if (Date.now() > deadline) throw new Error(`instance ${this.name} did not get ready; see ${this.#log}`);
      await pause(50);
    }
  }

  #write(): void {
    writeFileSync(this.#file, JSON.stringify(this.#options.config(this.#rounds)));
  }
}

const LOOK_EVERY_MS = 500;

/** What stands before the instances: looks which of them serve, and gives each request to one of those. */
export class Balancer {
  readonly #instances: readonly Instance[];
  readonly #timer: NodeJS.Timeout;
  readonly #watchers = new Map<Instance, Set<() => void>>();
  #next = 0;

  constructor(instances: readonly Instance[]) {
    this.#instances = instances;
    this.#timer = setInterval(() => void this.#look(), LOOK_EVERY_MS);
  }

  /** The next instance that serves; another one than `not`, if there is one. */
  pick(not?: Instance): Instance {
    const others = this.#instances.filter((instance) => instance !== not);
    const healthy = others.filter(({ isHealthy }) => isHealthy);
    const from = healthy.length > 0 ? healthy : others;
    this.#next += 1;
    return from[this.#next % from.length]!;
  }

  /** Calls once when the instance is found dead. @returns what ends that */
  onDeath(instance: Instance, call: () => void): () => void {
    const watchers = this.#watchers.get(instance) ?? new Set();
    this.#watchers.set(instance, watchers.add(call));
    return () => void watchers.delete(call);
  }

  close(): void {
    clearInterval(this.#timer);
    for (const { agent } of this.#instances) agent.destroy();
  }

  async #look(): Promise<void> {
    await Promise.all(
      this.#instances.map(async (instance) => {
        instance.isHealthy = await instance.isReady();
        if (instance.isHealthy) return;
        for (const call of this.#watchers.get(instance) ?? []) call();
        this.#watchers.get(instance)?.clear();
      }),
    );
  }
}
