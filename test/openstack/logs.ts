import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Requests that the cloud's services have written into their own logs. */

/** What one service was asked, as `METHOD path`. */
export type Requests = readonly string[];

export type ServiceLog = 'keystone' | 'nova' | 'glance' | 'neutron';

const FILES: Record<ServiceLog, string> = {
  keystone: 'keystone.out',
  nova: 'nova-api-dfw.log',
  glance: 'glance-api.log',
  neutron: 'neutron-server.log',
};

/** A request as uwsgi, Nova, Glance or Neutron write it. */
const REQUEST = /(?:\] |")(GET|POST|PUT|PATCH|DELETE|HEAD) (\/\S*)/;

/**
 * Watches a service's log from now on.
 *
 * @param stateDir where the cloud keeps its state
 * @param user id of the user whose requests count; undefined: everybody's (Keystone's log tells no users)
 * @returns what was asked since
 */
export function watchLog(stateDir: string, service: ServiceLog, user?: string): () => Requests {
  const file = join(stateDir, 'log', FILES[service]);
  const start = readFileSync(file).length;
  return () =>
    readFileSync(file)
      .subarray(start)
      .toString('utf8')
      .split('\n')
      .filter((line) => user === undefined || line.includes(user))
      .flatMap((line) => {
        const found = REQUEST.exec(line);
        return found ? [`${found[1]} ${found[2]}`] : [];
      });
}
