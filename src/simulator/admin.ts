import { asFault, Fault } from '../faults/faults.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';
import { readJsonBody, render, renderFault } from './body.ts';
import type { ChaosRuleInput } from './chaos/complete.ts';
import type { SimulatorControl } from './control.ts';
import type { Answer, Incoming } from './exchange.ts';
import type { ServiceLimitsInput } from './rates/service-complete.ts';
import type { FaultExtras } from './region/state.ts';
import { SERVER_STATUSES, type ServerStatus } from './region/transitions.ts';

/**
 * The admin API under `/_simulator`, there only while chaos is enabled, for it asks nobody who they are:
 *
 * | request | does |
 * | --- | --- |
 * | `GET /` | counters, logins, regions that are down, rules |
 * | `POST /time` `{"advanceMs": 60000}` | turns time on |
 * | `POST /tokens/revoke` | every token dies |
 * | `POST /identity` `{"down": true}` | takes the identity service down, or up again; with `"region"` that of one region |
 * | `POST /limits` `{"limits": [{"service": "compute", "value": 20}]}` | limits before the services, in the form of `simulator.serviceLimits` |
 * | `POST /regions/{name}` `{"down": true, "scarcity": true, "imagesDown": true, "volumesDown": true, "databaseDown": true}` | any of these: takes a region down, leaves it no room for servers, no image service, no block storage, or no database, and back |
 * | `POST /regions/{name}/fail` `{"kind": "server", "id": "…", "message": "…"}` | an asynchronous fault; `code` and `details` if wanted |
 * | `POST /regions/{name}/status` `{"id": "…", "status": "SHUTOFF"}` | a server shut down from inside, suspended, migrated … |
 * | `POST /counters/reset` | forgets what was counted |
 * | `GET, POST, DELETE /chaos`, `DELETE /chaos/{id}` | lists, adds, clears, removes rules |
 *
 * @param path below `/_simulator`, no trailing slash
 */
export function answerAdmin(control: SimulatorControl, incoming: Incoming, path: string): Answer {
  try {
    const document = perform(control, incoming, path.split('/').slice(1).map(decodeURIComponent));
    return render({ status: 200, document }, 'json');
  } catch (error) {
    return renderFault(asFault(error), 'json');
  }
}

function perform(
  control: SimulatorControl,
  incoming: Incoming,
  [what = '', name, verb]: string[],
): JsonValue {
  const { method } = incoming;
  switch (`${method} ${what}`) {
    case 'GET ':
      return { ...control.report(), regionsDown: control.regionsDown(), chaos: rules(control) };
    case 'POST time':
      refusing(() => control.advance(member(incoming, 'advanceMs', 'number')));
      return {};
    case 'POST tokens':
      return { revoked: control.revokeTokens() };
    case 'POST identity':
      return identityDown(control, incoming);
    case 'POST limits':
      refusing(() => control.setServiceLimits(body(incoming) as ServiceLimitsInput));
      return {};
    case 'POST counters':
      control.resetCounters();
      return {};
    case 'POST regions':
      return performRegion(control, incoming, name ?? '', verb);
    case 'GET chaos':
      return { rules: rules(control) };
    case 'POST chaos':
      return { id: refusing(() => control.chaos.add(body(incoming) as ChaosRuleInput)) };
    case 'DELETE chaos':
      if (name === undefined) control.chaos.clear();
      else if (!control.chaos.remove(name)) throw new Fault('itemNotFound', `There is no rule ${name}.`);
      return {};
    default:
      throw new Fault(
        'itemNotFound',
        `The simulator's admin API has nothing for ${method} ${incoming.path}.`,
      );
  }
}

function identityDown(control: SimulatorControl, incoming: Incoming): JsonValue {
  const down = member(incoming, 'down', 'boolean');
  if (!('region' in body(incoming))) control.setIdentityDown(down);
  else refusing(() => control.setIdentityDown(down, member(incoming, 'region', 'string')));
  return {};
}

function performRegion(
  control: SimulatorControl,
  incoming: Incoming,
  name: string,
  verb: string | undefined,
): JsonValue {
  if (verb === undefined) return changeRegion(control, incoming, name);
  if (verb === 'status') {
    const [id, status] = [member(incoming, 'id', 'string'), member(incoming, 'status', 'string')];
    if (!isSettable(status)) throw new Fault('badRequest', `status must be one of ${SETTABLE.join(', ')}.`);
    refusing(() => control.setServerStatus(name, id, status));
    return {};
  }
  if (verb !== 'fail') throw new Fault('itemNotFound', `A region has no ${verb}; there are fail and status.`);
  const kind = member(incoming, 'kind', 'string');
  if (kind !== 'server' && kind !== 'image') throw new Fault('badRequest', 'kind must be server or image.');
  const [id, message] = [member(incoming, 'id', 'string'), member(incoming, 'message', 'string')];
  refusing(() => control.fail(name, kind, id, message, faultExtras(incoming)));
  return {};
}

function changeRegion(control: SimulatorControl, incoming: Incoming, name: string): JsonValue {
  const keys = Object.keys(body(incoming));
  const stray = keys.find((key) => !CONDITIONS.includes(key));
  if (stray !== undefined || keys.length === 0)
    throw new Fault(
      'badRequest',
      `A region has ${CONDITIONS.join(', ')}; give true or false for some of them.`,
    );
  const { down, ...conditions } = Object.fromEntries(
    keys.map((key) => [key, member(incoming, key, 'boolean')]),
  );
  refusing(() => {
    control.setConditions(name, conditions);
    if (down !== undefined) control.setRegionDown(name, down);
  });
  return { regionsDown: control.regionsDown() };
}

/** `code` and `details`, which may be left out. */
function faultExtras(incoming: Incoming): FaultExtras {
  const given = body(incoming);
  return {
    ...('code' in given ? { code: member(incoming, 'code', 'number') } : {}),
    ...('details' in given ? { details: member(incoming, 'details', 'string') } : {}),
  };
}

const CONDITIONS = ['down', 'scarcity', 'imagesDown', 'volumesDown', 'databaseDown'];

/** A server is deleted through the API. */
type Settable = Exclude<ServerStatus, 'DELETED'>;
const SETTABLE = SERVER_STATUSES.filter((status): status is Settable => status !== 'DELETED');
const isSettable = (text: string): text is Settable => SETTABLE.some((status) => status === text);

const rules = (control: SimulatorControl): JsonObject[] =>
  control.chaos.list().map(({ rule, seen, hits }) => ({ ...(rule as unknown as JsonObject), seen, hits }));

/** Errors of the control are the caller's mistakes here. */
function refusing<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault('badRequest', (error as Error).message);
  }
}

function body(incoming: Incoming): JsonObject {
  const value = readJsonBody(incoming);
  if (!isJsonObject(value)) throw new Fault('badRequest', 'The body must be a JSON object.');
  return value;
}

interface Members {
  string: string;
  number: number;
  boolean: boolean;
}

function member<K extends keyof Members>(incoming: Incoming, key: string, type: K): Members[K] {
  const value = body(incoming)[key];
  if (typeof value !== type) throw new Fault('badRequest', `${key} must be a ${type}.`);
  return value as Members[K];
}
