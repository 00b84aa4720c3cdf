import { randomUUID } from 'node:crypto';
import { asFault, Fault } from '../faults/faults.ts';
import { readJsonBody, render, renderFault } from './body.ts';
import type { Answer, Incoming } from './exchange.ts';
import type { IdentityContext } from './identity/identity.ts';
import { handleIdentityV2 } from './identity/v2.ts';
import { errorV3, handleIdentityV3 } from './identity/v3.ts';

/** What the faces of the identity service tell the rest. */
export interface IdentityEvents {
  /** A token was given or revoked. */
  changed(): void;
  /** A login was refused for its rate. */
  rejected(): void;
  /** An error that is no fault. */
  failed(error: unknown): void;
}

/** Answers one request to Identity v2.0. @param path below `/v2.0`, no trailing slash */
export function answerIdentityV2(
  context: IdentityContext,
  events: IdentityEvents,
  incoming: Incoming,
  path: string,
): Answer {
  return guarded(
    events,
    incoming,
    () =>
      render(
        handleIdentityV2(context, incoming, path, () => readJsonBody(incoming)),
        'json',
      ),
    (fault) => renderFault(fault, 'json'),
  );
}

/** Answers one request to Identity v3. @param path below `/v3`, no trailing slash */
export function answerIdentityV3(
  context: IdentityContext,
  events: IdentityEvents,
  incoming: Incoming,
  path: string,
): Answer {
  const answer = guarded(
    events,
    incoming,
    () =>
      render(
        handleIdentityV3(context, incoming, path, () => readJsonBody(incoming)),
        'json',
      ),
    (fault) => render(errorV3(fault, incoming.origin), 'json'),
  );
  answer.headers['x-openstack-request-id'] = `req-${randomUUID()}`;
  return answer;
}

function guarded(
  events: IdentityEvents,
  incoming: Incoming,
  answer: () => Answer,
  refuse: (fault: Fault) => Answer,
): Answer {
  try {
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
