import type { JsonObject, JsonValue } from '../../src/json.ts';
import { actionOperation, matchPath } from '../../src/operations/match.ts';
import type { DocumentName, Operation } from '../../src/operations/operation.ts';
import type { Format } from '../../src/translation/format.ts';
import { splitFormatSuffix } from '../../src/translation/negotiate.ts';
import { readXmlAnswer } from '../../src/translation/read-xml.ts';
import type { Answer, Comparison } from './answer.ts';
import { xmlBody } from './xml-body.ts';

/** Where a tenant's compute service is. */
export interface Endpoint {
  /** `http://host/dfw/v2/{tenant}`, no trailing slash. */
  readonly baseUrl: string;
  /** Sent as X-Auth-Token; null: none is asked for. */
  readonly token: string | null;
}

/** How a request differs from the usual one. */
export interface AskOptions {
  /** Written in the client's format. */
  body?: JsonObject;
  /** A body as it is, with its type. */
  raw?: { text: string; type: string };
  /** `Accept` as it is; null: none is sent. */
  accept?: string | null;
  /** Sent instead of the endpoint's token; null: none is sent. */
  token?: string | null;
  headers?: Record<string, string>;
  comparison?: Comparison;
  /** How the answer is read when it is no operation of the guide (300 Multiple Choices). */
  document?: DocumentName;
}

/** Speaks plain HTTP to one endpoint in one format. */
export interface Client {
  readonly format: Format;
  readonly endpoint: Endpoint;
  /** Root of the region, `http://host/dfw`. */
  readonly root: string;
  /** @param url a path below the tenant with its query, or a full URL */
  ask(method: string, url: string, options?: AskOptions): Promise<Answer>;
  /** Names of the operations of the guide that were asked for. */
  readonly asked: ReadonlySet<string>;
}

/** Longest wait for a whole answer, ms. */
const PATIENCE_MS = 60_000;

/** @param observe is told every answer */
export function createClient(
  endpoint: Endpoint,
  format: Format,
  observe: (answer: Answer) => void = () => {},
): Client {
  const asked = new Set<string>();
  const root = endpoint.baseUrl.replace(/\/v\d+(\.\d+)?\/[^/]+$/, '');
  return {
    format,
    endpoint,
    root,
    asked,
    async ask(method, url, options = {}) {
      const full = url.startsWith('/') ? endpoint.baseUrl + url : url;
      const operation = operationOf(method, full, { root, base: endpoint.baseUrl }, options.body);
      if (operation !== undefined) asked.add(operation.name);
      const response = await fetch(full, {
        method,
        redirect: 'manual',
        signal: AbortSignal.timeout(PATIENCE_MS),
        ...requestParts(options, endpoint, format),
      });
      const answer = await readAnswer(method, url, response, options, operation);
      observe(answer);
      return answer;
    },
  };
}

function requestParts(options: AskOptions, endpoint: Endpoint, format: Format): RequestInit {
  const headers: Record<string, string> = { ...options.headers };
  const accept = options.accept === undefined ? `application/${format}` : options.accept;
  if (accept !== null) headers['accept'] = accept;
  const token = options.token === undefined ? endpoint.token : options.token;
  if (token !== null) headers['x-auth-token'] = token;
  if (options.raw !== undefined) {
    headers['content-type'] = options.raw.type;
    return { headers, body: options.raw.text };
  }
  if (options.body === undefined) return { headers };
  headers['content-type'] = `application/${format}`;
  return { headers, body: format === 'xml' ? xmlBody(options.body) : JSON.stringify(options.body) };
}

/** Which operation a request is, so how its answer is to be read. */
function operationOf(
  method: string,
  full: string,
  place: { root: string; base: string },
  body: JsonObject | undefined,
): Operation | undefined {
  const { path } = splitFormatSuffix(full.split('?', 1)[0]!);
  if (path.startsWith(`${place.base}/`)) {
    const match = matchPath(method, path.slice(place.base.length));
    if (match.kind === 'operation') return match.operation;
    return match.kind === 'action' && body !== undefined
      ? actionOperation(Object.keys(body)[0] ?? '')
      : undefined;
  }
  const below = path.startsWith(place.root) ? path.slice(place.root.length) : undefined;
  if (below === '/' || below === '') return VERSIONS;
  return below !== undefined && /^\/v\d+(\.\d+)?\/?$/.test(below) ? VERSION : undefined;
}

const named = (name: string, response: DocumentName) => ({ name, response }) as Operation;
const VERSIONS = named('listVersions', 'versions');
const VERSION = named('getVersion', 'version');

async function readAnswer(
  method: string,
  url: string,
  response: Response,
  options: AskOptions,
  operation: Operation | undefined,
): Promise<Answer> {
  const text = await response.text();
  const type = response.headers.get('content-type') ?? '';
  const format =
    text === '' ? undefined : type.includes('xml') ? 'xml' : type.includes('json') ? 'json' : undefined;
  const document = options.document ?? operation?.response ?? 'extensionAction';
  const { status, headers } = response;
  const body = readBody(text, format, document);
  return { method, url, status, headers, text, format, body, comparison: options.comparison ?? 'all' };
}

/** Throws JSON's or the XML reader's own error for a body that is not what it says it is. */
function readBody(text: string, format: Format | undefined, document: DocumentName): JsonValue | undefined {
  if (format === undefined) return undefined;
  return format === 'json' ? (JSON.parse(text) as JsonValue) : readXmlAnswer(text, [document]).value;
}
