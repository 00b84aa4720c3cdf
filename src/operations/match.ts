import type { Operation } from './operation.ts';
import { SERVICE_OPERATIONS } from './services.ts';
import { OPERATIONS } from './table.ts';

/** What a method and a path mean. */
export type Match =
  | { kind: 'operation'; operation: Operation; params: Params }
  /** `POST …/action`: the body's one key decides, see `actionOperation`. */
  | { kind: 'action'; params: Params }
  /** The path is one of the guide's, the method is not. `allow` goes into the Allow header. */
  | { kind: 'method'; allow: string[] }
  /** No path of the guide. */
  | { kind: 'unknown' };

/** Path parameters by template name (`server_id`, `key`), percent-decoded. */
export type Params = Readonly<Record<string, string>>;

interface Node {
  literals: Map<string, Node>;
  parameter: Node | undefined;
  /** Rows that end here, by method; actions are left out, `hasActions` stands for them. */
  methods: Map<string, { operation: Operation; names: string[] }>;
  hasActions: boolean;
  actionNames: string[];
}

const newNode = (): Node => ({
  literals: new Map(),
  parameter: undefined,
  methods: new Map(),
  hasActions: false,
  actionNames: [],
});

const actions = new Map<string, Operation>();
let anyAction: Operation | undefined;

/** What a request below the tenant, or below a service's version, means. */
export type PathMatcher = (method: string, path: string) => Match;

/** A matcher for these rows. */
export function createMatcher(rows: readonly Operation[]): PathMatcher {
  const root = newNode();
  for (const operation of rows) insert(root, operation);
  return (method, path) => match(root, method, path);
}

function insert(root: Node, operation: Operation): void {
  let node = root;
  const names: string[] = [];
  for (const segment of operation.path.slice(1).split('/')) {
    if (segment.startsWith('{')) {
      names.push(segment.slice(1, -1));
      node.parameter ??= newNode();
      node = node.parameter;
    } else {
      const next: Node = node.literals.get(segment) ?? newNode();
      node.literals.set(segment, next);
      node = next;
    }
  }
  if (operation.action === undefined) {
    node.methods.set(operation.method, { operation, names });
    return;
  }
  node.hasActions = true;
  node.actionNames = names;
  if (operation.action === '*') anyAction = operation;
  else actions.set(operation.action, operation);
  for (const [key, needs] of Object.entries(operation.does ?? {})) actions.set(key, { ...operation, needs });
}

function match(root: Node, method: string, path: string): Match {
  const values: string[] = [];
  let node: Node | undefined = root;
  for (const segment of path.split('/')) {
    if (segment === '') continue;
    const literal: Node | undefined = node.literals.get(segment);
    if (literal === undefined) values.push(segment);
    node = literal ?? node.parameter;
    if (node === undefined) return { kind: 'unknown' };
  }
  if (node.methods.size === 0 && !node.hasActions) return { kind: 'unknown' };
  const verb = method === 'HEAD' ? 'GET' : method;
  if (node.hasActions && verb === 'POST')
    return withParams(node.actionNames, values, (params) => ({ kind: 'action', params }));
  const found = node.methods.get(verb);
  if (!found) return { kind: 'method', allow: allowed(node) };
  return withParams(found.names, values, (params) => ({
    kind: 'operation',
    operation: found.operation,
    params,
  }));
}

const GUIDE = OPERATIONS.filter(({ scope }) => scope === 'tenant');

/**
 * What a request below the tenant means by the guide.
 *
 * @param method upper case; HEAD is read as GET
 * @param path path below the tenant, undecoded, without query and format suffix (`/servers/{id}`)
 */
export const matchPath: PathMatcher = createMatcher(GUIDE);

const BESIDE = SERVICE_OPERATIONS.filter(({ service }) => service === 'compute');

/** The same where Compute's rows beside the guide count, too. */
export const matchCompute: PathMatcher = createMatcher([...GUIDE, ...BESIDE]);

/** First segments below a tenant: where there is none, they tell Compute's own paths from others. */
export const COLLECTIONS: ReadonlySet<string> = new Set(
  [...GUIDE, ...BESIDE].map(({ path }) => path.split('/')[1]!),
);

/** A path whose percent-encoding is broken names nothing. */
function withParams(names: string[], values: string[], then: (params: Params) => Match): Match {
  const params: Record<string, string> = {};
  try {
    for (const [index, name] of names.entries()) params[name] = decodeURIComponent(values[index]!);
  } catch {
    return { kind: 'unknown' };
  }
  return then(params);
}

function allowed(node: Node): string[] {
  const methods = [...node.methods.keys()];
  if (node.hasActions) methods.push('POST');
  if (methods.includes('GET')) methods.push('HEAD');
  return methods.sort();
}

/** The operation a body's one key names; any other key is an extension's action (guide section 1.10.3). */
export function actionOperation(key: string): Operation {
  return actions.get(key) ?? anyAction!;
}

/** The row of that name; throws when the table has none, which is a programming error. */
export function operationNamed(name: string): Operation {
  const found = [...OPERATIONS, ...SERVICE_OPERATIONS].find((operation) => operation.name === name);
  if (!found) throw new Error(`no operation named ${name} in the table`);
  return found;
}
