import { asFault, type Fault } from '../../faults/faults.ts';
import { render } from '../body.ts';
import { type Answer, headerOf, type Incoming } from '../exchange.ts';
import { type Backend, Outage } from '../region/outage.ts';

/** What Nova says when it says no: faults of its own few names, and pages of the layers around it. */

/** A refusal in Nova's own shape. */
export class NovaError extends Error {
  override readonly name = 'NovaError';
  readonly code: number;
  /** The one key of the body. */
  readonly fault: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: number, fault: string, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.code = code;
    this.fault = fault;
    this.headers = headers;
  }
}

/** Nova's names; every other code is a computeFault. */
const NAMES: Record<number, string> = {
  400: 'badRequest',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'itemNotFound',
  405: 'badMethod',
  409: 'conflictingRequest',
  413: 'overLimit',
  415: 'badMediaType',
  429: 'overLimit',
  501: 'notImplemented',
};

/** A refusal with the name that its code has. */
export const novaError = (code: number, message: string): NovaError =>
  new NovaError(code, NAMES[code] ?? 'computeFault', message);

/** Policy says no: what belongs to administrators. */
export const notAllowed = (rule: string): NovaError =>
  novaError(403, `Policy doesn't allow ${rule} to be performed.`);

/** How a thrown thing leaves. */
export function renderNovaError(error: unknown): Answer {
  const refused = error instanceof NovaError ? error : ofFault(asFault(error));
  const { code, fault, message, headers } = refused;
  return render({ status: code, headers, document: { [fault]: { code, message } } }, 'json');
}

/** What Nova meets when something that it stands on is away, as its message names it. */
const EXCEPTIONS: Readonly<Record<Backend, string>> = {
  database: 'oslo_db.exception.DBConnectionError',
  image: 'nova.exception.GlanceConnectionFailed',
  volume: 'nova.exception.CinderConnectionFailed',
};

/** What Nova did not expect. @param exception the class of it */
const unexpected = (exception: string): NovaError =>
  novaError(
    500,
    `Unexpected API Error. Please report this at http://bugs.launchpad.net/nova/ and attach the Nova API log if possible.\n<class '${exception}'>`,
  );

/** The region's refusals are the guide's: quotas, resizes and statuses have other codes and names here. */
function ofFault(fault: Fault): NovaError {
  if (fault instanceof Outage) return unexpected(EXCEPTIONS[fault.backend]);
  const { headers, message } = fault;
  if (fault.fault === 'overLimit' && fault.retryAt === undefined && fault.code === 413)
    return new NovaError(403, 'forbidden', message);
  if (fault.fault === 'resizeNotAllowed') return novaError(400, message);
  return new NovaError(fault.code, NAMES[fault.code] ?? 'computeFault', message, headers);
}

/** The token is missing or no good: answered by the layer before Nova, in the identity service's shape. */
export function unauthorizedAnswer(identityUrl: string): Answer {
  const message = 'The request you have made requires authentication.';
  return render(
    {
      status: 401,
      headers: { 'www-authenticate': `Keystone uri="${identityUrl}"` },
      document: { error: { code: 401, title: 'Unauthorized', message } },
    },
    'json',
  );
}

/** No such route, or no such method on it: a page of the web framework, or that page in JSON for who asks for it. */
export function noRouteAnswer(incoming: Incoming): Answer {
  return pageAnswer(incoming, 404, 'Not Found', 'The resource could not be found.');
}

/** A page of the web framework. */
export function pageAnswer(incoming: Incoming, status: number, title: string, text: string): Answer {
  const accept = headerOf(incoming, 'accept') ?? '';
  const page = (type: string, body: string): Answer => ({
    status,
    headers: { 'content-type': type === 'application/json' ? type : `${type}; charset=UTF-8` },
    body: Buffer.from(body),
  });
  if (accept.includes('application/json')) {
    const message = `${text}<br /><br />\n\n\n`;
    return page('application/json', JSON.stringify({ message, code: `${status} ${title}`, title }));
  }
  if (accept.includes('html') || accept === '' || accept.includes('*/*'))
    return page(
      'text/html',
      `<html>\n <head>\n  <title>${status} ${title}</title>\n </head>\n <body>\n  <h1>${status} ${title}</h1>\n  ${text}<br /><br />\n\n\n\n </body>\n</html>`,
    );
  return page('text/plain', `${status} ${title}\n\n${text}\n\n\n\n`);
}
