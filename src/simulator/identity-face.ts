import { randomUUID } from 'node:crypto';
import { asFault, Fault } from '../faults/faults.ts';
import {
  type BodyFormat,
  computeXml,
  identityXml,
  readIdentityBody,
  readJsonBody,
  render,
  renderFault,
  wantedFormat,
} from './body.ts';
import type { Answer, Incoming } from './exchange.ts';
import type { IdentityContext } from './identity/identity.ts';
import { handleIdentityV2 } from './identity/v2.ts';
import { errorV3, handleIdentityV3, type IdentityPlace } from './identity/v3.ts';

/** What the faces of the identity service tell the rest. */
export interface IdentityEvents {
  /** A token was given or revoked. */
  changed(): void;
  /** A login was refused for its rate. */
  rejected(): void;
  /** An error that is no fault. */
  failed(error: unknown): void;
}

/** Answers one request to Identity v2.0. @param route path below `/v2.0`, no trailing slash, and the format of its suffix */
export function answerIdentityV2(
  context: IdentityContext,
  events: IdentityEvents,
  incoming: Incoming,
  { path, format: suffix }: { path: string; format?: BodyFormat | undefined },
): Answer {
  let format: BodyFormat = suffix ?? 'json';
  const answer = () => {
    format = wantedFormat(incoming, suffix);
    const good = handleIdentityV2(context, incoming, path, () => readIdentityBody(incoming));
    const xml = good.name === 'version' ? computeXml('version') : good.name && identityXml(good.name);
    return render({ ...good, xml }, format);
  };
  return guarded(context, events, incoming, answer, (fault) => renderFault(fault, format, 'identity'));
}

/** Answers one request to an Identity v3. @param path below `/v3`, no trailing slash */
export function answerIdentityV3(
  context: IdentityContext,
  events: IdentityEvents,
  incoming: Incoming,
  path: string,
  place: IdentityPlace = { root: incoming.origin, home: null },
): Answer {
  const answer = () =>
    render(
      handleIdentityV3(context, incoming, path, place, () => readJsonBody(incoming)),
      'json',
    );
  const refuse = (fault: Fault) => render(errorV3(fault, place.root), 'json');
  const answered = guarded(context, events, incoming, answer, refuse, place.home);
  answered.headers['x-openstack-request-id'] = `req-${randomUUID()}`;
  return answered;
}

/** An answer, or a refusal in the service's own form: also of everything while the service is down. */
function guarded(
  { tokens }: IdentityContext,
  events: IdentityEvents,
  incoming: Incoming,
  answer: () => Answer,
  refuse: (fault: Fault) => Answer,
  home: string | null = null,
): Answer {
  try {
    if (tokens.isDownAt(home))
      throw new Fault('serviceUnavailable', 'The identity service is down; try again later.');
    const good = answer();
    if (incoming.method !== 'GET' && incoming.method !== 'HEAD') events.changed();
    return good;
  } catch (error) {
    if (!(error instanceof Fault)) events.failed(error);
    const fault = asFault(error);
    if (fault.fault === 'overLimit' && fault.retryAt !== undefined) events.rejected();
    return refuse(fault);
  }
}

/** Keystone's page for a path it does not know, as the web framework below it writes it. */
export function noIdentityPathAnswer(): Answer {
  const text =
    'The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.';
  const page = `<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>${text}</p>\n`;
  return {
    status: 404,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      vary: 'X-Auth-Token',
      'x-openstack-request-id': `req-${randomUUID()}`,
    },
    body: Buffer.from(page),
  };
}
