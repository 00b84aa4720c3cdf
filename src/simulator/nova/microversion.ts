import type { JsonObject } from '../../json.ts';
import type { Answer, Incoming } from '../exchange.ts';
import { headerOf } from '../exchange.ts';
import { NovaError } from './errors.ts';

/** Nova's microversions: the range it speaks, how a request asks for one and how the answer says which it was. */

/** The highest one of Nova 26 (Zed); all are 2.x. */
export const MAX_MINOR = 93;
export const MIN_MINOR = 1;

/** What one request is answered in. */
export interface Microversion {
  /** The x of 2.x. */
  readonly minor: number;
  /** False on `/v2`, which knows no microversions: neither asked for nor told. */
  readonly isTold: boolean;
}

const SERVICE = 'compute';

/**
 * The microversion that the headers ask for: `OpenStack-API-Version: compute 2.x` (also in a list with other services'),
 * else `X-OpenStack-Nova-API-Version: 2.x`, else 2.1; `latest` is the highest.
 *
 * @throws NovaError badRequest (400) for what is no version, computeFault (406) for one out of range
 */
export function readMicroversion(incoming: Incoming): Microversion {
  const asked = askedVersion(incoming);
  if (asked === undefined) return { minor: MIN_MINOR, isTold: true };
  if (asked === 'latest') return { minor: MAX_MINOR, isTold: true };
  const found = /^(\d+)\.(\d+)$/.exec(asked);
  if (!found || /^0\d/.test(found[2]!))
    throw new NovaError(
      400,
      'badRequest',
      `API Version String ${asked} is of invalid format. Must be of format MajorNum.MinorNum.`,
      {},
    );
  const minor = Number(found[2]);
  if (found[1] === '2' && minor >= MIN_MINOR && minor <= MAX_MINOR) return { minor, isTold: true };
  throw new NovaError(
    406,
    'computeFault',
    `Version ${asked} is not supported by the API. Minimum is 2.${MIN_MINOR} and maximum is 2.${MAX_MINOR}.`,
    versionHeaders(asked),
  );
}

function askedVersion(incoming: Incoming): string | undefined {
  const given = headerOf(incoming, 'openstack-api-version');
  for (const item of given?.split(',') ?? []) {
    const [service, version, ...rest] = item.trim().toLowerCase().split(/\s+/);
    if (service === SERVICE && version !== undefined && rest.length === 0) return version;
  }
  return headerOf(incoming, 'x-openstack-nova-api-version')?.trim().toLowerCase();
}

const versionHeaders = (version: string): Record<string, string> => ({
  'openstack-api-version': `${SERVICE} ${version}`,
  'x-openstack-nova-api-version': version,
});

/** Says in the head which microversion an answer is in, and that answers vary by it. */
export function tellMicroversion(answer: Answer, { minor, isTold }: Microversion): Answer {
  if (!isTold) return answer;
  Object.assign(answer.headers, versionHeaders(`2.${minor}`), {
    vary: ['OpenStack-API-Version', 'X-OpenStack-Nova-API-Version'],
  });
  return answer;
}

/** `GET /` of a region. @param root no trailing slash */
export function novaVersions(root: string): JsonObject {
  return {
    versions: [
      {
        id: 'v2.0',
        status: 'SUPPORTED',
        version: '',
        min_version: '',
        updated: '2011-01-21T11:33:21Z',
        links: [{ rel: 'self', href: `${root}/v2/` }],
      },
      {
        id: 'v2.1',
        status: 'CURRENT',
        version: `2.${MAX_MINOR}`,
        min_version: `2.${MIN_MINOR}`,
        updated: '2013-07-23T11:33:21Z',
        links: [{ rel: 'self', href: `${root}/v2.1/` }],
      },
    ],
  };
}

const MEDIA = (number: string): JsonObject[] => [
  { base: 'application/json', type: `application/vnd.openstack.compute+json;version=${number}` },
];

/** `GET /v2/` and `GET /v2.1/`. */
export function novaVersion(root: string, name: 'v2' | 'v2.1'): JsonObject {
  const [v2, v21] = novaVersions(root)['versions'] as JsonObject[];
  const version = name === 'v2' ? v2! : v21!;
  const described = { rel: 'describedby', type: 'text/html', href: 'http://docs.openstack.org/' };
  return {
    version: {
      ...version,
      links: [...(version['links'] as JsonObject[]), described],
      'media-types': MEDIA(name === 'v2' ? '2' : '2.1'),
    },
  };
}

/** 300 to a path without a version: where it would be with one. @param path begins with a slash */
export function novaChoices(root: string, path: string): JsonObject {
  const choice = (id: string, segment: string, number: string): JsonObject => ({
    id,
    status: segment === 'v2' ? 'SUPPORTED' : 'CURRENT',
    links: [{ rel: 'self', href: `${root}/${segment}${path}` }],
    'media-types': MEDIA(number),
  });
  return { choices: [choice('v2.0', 'v2', '2'), choice('v2.1', 'v2.1', '2.1')] };
}
