import { createRequire } from 'node:module';
import { promisify } from 'node:util';

/** What the tests use of pkgcloud, which is CommonJS, speaks in callbacks and has no types. */
export interface CloudResource {
  id: string;
  name: string;
  status?: string;
}

export interface CloudServer extends CloudResource {
  adminPass?: string;
  /** Asks every `intervalMs` until the attributes are as wanted, at most `timeLimitMs`. */
  setWait(
    attributes: { status: string },
    intervalMs: number,
    timeLimitMs: number,
    callback: (error: Error | null, server: CloudServer) => void,
  ): void;
}

export interface ComputeClient {
  getFlavors(): Promise<CloudResource[]>;
  getImages(): Promise<CloudResource[]>;
  getServers(): Promise<CloudServer[]>;
  getServer(id: string): Promise<CloudServer>;
  createServer(details: { name: string; flavor: string; image: string }): Promise<CloudServer>;
  destroyServer(id: string): Promise<unknown>;
  /** Resolves when the server has that status, in pkgcloud's own words (`RUNNING`). */
  waitFor(server: CloudServer, status: string): Promise<CloudServer>;
}

type Callback<T> = (error: Error | null, result: T) => void;
type Method = (...args: unknown[]) => void;
interface RawPkgcloud {
  compute: { createClient(options: Record<string, unknown>): Record<string, Method> };
}

const NAMES = [
  'getFlavors',
  'getImages',
  'getServers',
  'getServer',
  'createServer',
  'destroyServer',
] as const;

/** A compute client of provider `rackspace` that logs in at `authUrl`, with promises. */
export function createComputeClient(options: {
  authUrl: string;
  username: string;
  apiKey: string;
  region: string;
}): ComputeClient {
  const pkgcloud = createRequire(import.meta.url)('pkgcloud') as RawPkgcloud;
  const client = pkgcloud.compute.createClient({ provider: 'rackspace', ...options });
  const methods = Object.fromEntries(
    NAMES.map((name) => [
      name,
      promisify((...args: unknown[]) => {
        client[name]!(...args);
      }),
    ]),
  );
  return {
    ...(methods as unknown as Omit<ComputeClient, 'waitFor'>),
    waitFor: (server, status) =>
      promisify((done: Callback<CloudServer>) => server.setWait({ status }, 10, 15_000, done))(),
  };
}
