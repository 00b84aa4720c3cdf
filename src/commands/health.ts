import { request } from 'node:http';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Environment, writtenTree } from '../config/load.ts';
import { isRecord, type Tree } from '../settings/tree.ts';
import { type ExitCode, refuse } from './exit-code.ts';

/** What `sluice health` may be told. */
export interface HealthOptions {
  /** Ask whether it is ready to serve, not only whether it lives. */
  readonly ready: boolean;
  /** It is a simulator alone. */
  readonly simulate: boolean;
  /** How long an answer may take, ms. */
  readonly timeoutMs: number;
}

interface Address {
  readonly host: string;
  readonly port: number;
}

/** A port that callers connect to, and whether they speak TLS there. */
interface Listener extends Address {
  readonly isTls: boolean;
}

/**
 * `sluice health`: asks the Sluice that serves a configuration on this machine; exit code 0 when it answers and all its
 * listeners take connections. The configuration is not checked: the one that is served may be older than the file.
 */
export async function health(file: string, options: HealthOptions, env: Environment): Promise<ExitCode> {
  const tree = writtenTree(file, env);
  if (tree === undefined)
    return refuse([`${file}: cannot be read, accepted: the YAML file that Sluice serves`]);
  const problems = options.simulate
    ? [await askSimulator(tree, options.timeoutMs)]
    : await Promise.all([
        askOperators(tree, options),
        ...listenersOf(tree).map((listener) => tryListener(listener, options.timeoutMs)),
      ]);
  const found = problems.filter((problem) => problem !== undefined);
  for (const problem of found) console.error(problem);
  if (found.length === 0) console.log('ok');
  return found.length === 0 ? 0 : 1;
}

/** Whether a Sluice answers at an operators' listener. */
export async function isServing(admin: Address): Promise<boolean> {
  const answer = await get({ host: reachable(admin.host), port: admin.port }, '/healthz', 2_000);
  return typeof answer !== 'string' && answer.status === 200 && answer.body.includes('"status":"ok"');
}

async function askOperators(tree: Tree, { ready, timeoutMs }: HealthOptions): Promise<string | undefined> {
  const address = addressOf(tree['admin'], 8081);
  if (address.port === 0) return 'admin.port: is 0, so that nobody knows where to ask, accepted: a port';
  const path = ready ? '/readyz' : '/healthz';
  const answer = await get(address, path, timeoutMs);
  const where = `http://${address.host}:${address.port}${path}`;
  if (typeof answer === 'string')
    return `${where}: no answer (${answer}); does Sluice run with this configuration?`;
  return answer.status === 200 ? undefined : `${where}: ${answer.status} ${answer.body.slice(0, 200)}`;
}

async function askSimulator(tree: Tree, timeoutMs: number): Promise<string | undefined> {
  const address = addressOf(tree['simulator'], 8090);
  const answer = await get(address, '/v2.0', timeoutMs);
  const where = `http://${address.host}:${address.port}/v2.0`;
  if (typeof answer === 'string') return `${where}: no answer (${answer}); does the simulator run?`;
  return answer.status < 500 ? undefined : `${where}: ${answer.status}`;
}

/** Every port of `listen`, be it one listener or a list; a port that the system picks is nobody's to know. */
function listenersOf(tree: Tree): Listener[] {
  const more = Array.isArray(tree['moreListeners']) ? tree['moreListeners'] : [];
  return [tree['listen'], ...more].flatMap((listener) => {
    const { host, port } = addressOf(listener, 8080);
    const isTls = isRecord(listener) && isRecord(listener['tls']);
    const regions = isRecord(listener) && isRecord(listener['regions']) ? listener['regions'] : {};
    const ports = [port, ...Object.values(regions).map(Number)].filter((one) => one > 0);
    return ports.map((one) => ({ host, port: one, isTls }));
  });
}

function addressOf(part: unknown, fallback: number): Address {
  const { host, port } = isRecord(part) ? part : {};
  return {
    host: reachable(typeof host === 'string' ? host : '127.0.0.1'),
    port: typeof port === 'number' ? port : fallback,
  };
}

/** An address to connect to, of one that is listened on. */
const reachable = (host: string): string => (host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host);

/** @returns the answer, or why there is none */
function get(
  { host, port }: Address,
  path: string,
  timeoutMs: number,
): Promise<{ status: number; body: string } | string> {
  return new Promise((resolve) => {
    const asked = request({ host, port, path, timeout: timeoutMs, agent: false }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, body }));
      answer.once('error', (error) => resolve(codeOf(error)));
    });
    asked.once('timeout', () => asked.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })));
    asked.once('error', (error) => resolve(codeOf(error)));
    asked.end();
  });
}

/** Connects as a caller does. Which certificates are shown is between Sluice and its callers. */
function tryListener({ host, port, isTls }: Listener, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = isTls
      ? connectTls({ host, port, rejectUnauthorized: false, timeout: timeoutMs })
      : connectTcp({ host, port, timeout: timeoutMs });
    const end = (problem?: string) => {
      socket.destroy();
      resolve(problem === undefined ? undefined : `${host}:${port}: callers get no connection (${problem})`);
    };
    socket.once(isTls ? 'secureConnect' : 'connect', () => end());
    socket.once('timeout', () => end('ETIMEDOUT'));
    // A listener that wants a certificate of ours says so: it takes connections.
    socket.once('error', (error) => end(/ALERT/.test(codeOf(error)) ? undefined : codeOf(error)));
  });
}

const codeOf = (error: Error): string => (error as NodeJS.ErrnoException).code ?? 'unknown reason';
