import { serveEverywhere } from '../all-regions/serve.ts';
import { serveIdentity } from '../facade/serve-v2.ts';
import type { Call } from '../http/call.ts';
import { serveOperation, serveWrite } from '../serving/compute.ts';
import { serveFrontDoor } from '../serving/front-door.ts';
import { locateLater, locateNow } from '../serving/locate.ts';
import type { Located, LocatedPassthrough } from '../serving/located.ts';
import type { Services } from '../serving/services.ts';
import { serveVersions } from '../serving/versions.ts';

/**
 * Finds out what a request is and hands it to the branch that answers it, at once or in a while.
 *
 * @param stream takes what streams through the proxy (passthrough/)
 * @throws {Fault} what is refused at once; a promise rejects with it
 */
export function dispatch(
  call: Call,
  services: Services,
  stream: (located: LocatedPassthrough) => void | Promise<void>,
): void | Promise<void> {
  if (serveFrontDoor(call, services)) return;
  const located = locateNow(call, services);
  if (located !== undefined) return serve(located, services, stream);
  return locateLater(call, services).then((found) => serve(found, services, stream));
}

function serve(
  located: Located,
  services: Services,
  stream: (located: LocatedPassthrough) => void | Promise<void>,
): void | Promise<void> {
  switch (located.kind) {
    case 'operation':
      return serveOperation(located, services);
    case 'action':
      return serveWrite(located, services);
    case 'passthrough':
      return stream(located);
    case 'versions':
      return serveVersions(located, services);
    case 'everywhere':
      return serveEverywhere(located, services);
    case 'identity':
      return serveIdentity(located, services);
  }
}
