import { locateIdentity } from '../identity/settings.ts';
import type { LiveAccount, Login } from '../routing/account.ts';
import type { Services } from '../serving/services.ts';
import type { Standing } from '../standing.ts';

/** Something that is not as it should be, for whoever is on call. Nothing in it is secret. */
export interface DegradedPart {
  /** `account main`, `identity main`, `region main DFW`, `circuit main DFW compute`, `redis cache`, `limits main DFW compute`, `reload`. */
  readonly part: string;
  /** When that began, ISO 8601; null: not known. */
  readonly since: string | null;
  readonly problem: string;
  /** What it means for callers. */
  readonly effect: string;
  readonly todo: string;
}

/** All that is not as it should be; empty: all is well. */
export function degradedParts(services: Services): DegradedPart[] {
  const accounts = services.directory.accounts as readonly LiveAccount[];
  return [
    ...accounts.flatMap((account) => account.logins.flatMap((login) => loginPart(account, login, services))),
    ...accounts.flatMap((account) =>
      account.logins.flatMap((login) => identityPart(account, login, services)),
    ),
    ...accounts.flatMap((account) => withoutEndpoints(account)),
    ...accounts.flatMap((account) => regionParts(account, services)),
    ...circuitParts(services),
    ...redisParts(services),
    ...limitParts(services),
    ...otherParts(services),
  ];
}

function loginPart({ name }: LiveAccount, { region, tokens }: Login, services: Services): DegradedPart[] {
  const part = region === undefined ? `account ${name}` : `account ${name} ${region}`;
  const standing = services.standings.get(region === undefined ? `login ${name}` : `login ${name} ${region}`);
  const { state, lastFailure } = tokens;
  if (state === 'starting')
    return [
      {
        part,
        since: null,
        problem: 'The first login is under way.',
        effect: 'Requests for the account wait for it.',
        todo: 'Wait; if it lasts, look whether the identity service answers.',
      },
    ];
  if (lastFailure === undefined) return [];
  const isServing = tokens.peek() !== undefined;
  const problem = `${lastFailure.message}`;
  return [
    {
      part,
      since: sinceOf(standing),
      problem,
      effect: isServing
        ? `The old token serves until ${new Date(tokens.peek()!.expiresAtMs).toISOString()}.`
        : 'Requests for the account get 503 faults; what is cached is answered.',
      todo:
        LOGIN_REMEDIES[lastFailure.reason] ?? 'Look whether the identity service answers; it is tried again.',
    },
  ];
}

const LOGIN_REMEDIES: Readonly<Record<string, string>> = {
  refused: 'Correct username, apiKey or password of the account, then send SIGHUP.',
  untrusted: 'See to the certificate or the proxy that the problem names, then send SIGHUP.',
  rejected: 'Correct identity.url of the account, then send SIGHUP.',
  limited: 'Wait: the identity service asks for a pause.',
};

function identityPart(
  { name }: LiveAccount,
  { region = '', tokens, identityUrl }: Login,
  services: Services,
): DegradedPart[] {
  const standing = services.identityHealth.standing(name, region);
  if (standing?.isUp !== false) return [];
  const token = tokens.peek();
  const until = token && new Date(token.expiresAtMs).toISOString();
  return [
    {
      part: region === '' ? `identity ${name}` : `identity ${name} ${region}`,
      since: sinceOf(standing),
      problem: `The identity service at ${locateIdentity(identityUrl).url.origin} does not serve: ${standing.why}.`,
      effect:
        until === undefined
          ? 'Nobody can log in there. There is no valid token: requests for the account get 503 faults; what is cached is answered.'
          : `Nobody can log in there. The token of the account serves until ${until}.`,
      todo: 'See whether the provider has an outage; else look at identity.url of the account, DNS, proxies and certificates on the way there. Logins are tried again by themselves.',
    },
  ];
}

function withoutEndpoints(account: LiveAccount): DegradedPart[] {
  if (account.token() === undefined || account.endpoints().size > 0) return [];
  return [
    {
      part: `account ${account.name}`,
      since: null,
      problem: 'The service catalog has no endpoint for this account.',
      effect: 'Its requests get 404 faults.',
      todo: 'Look at accounts[].service, interface and regions, then send SIGHUP.',
    },
  ];
}

function regionParts(account: LiveAccount, { health }: Services): DegradedPart[] {
  return [...account.endpoints().values()].flatMap(({ region, origin }) => {
    const standing = health.standing(account.name, region);
    if (standing?.isUp !== false) return [];
    return [
      {
        part: `region ${account.name} ${region}`,
        since: sinceOf(standing),
        problem: `${origin} does not serve: ${standing.why}.`,
        effect: 'Cached answers go on within staleIfError; other requests get 503 or 504 faults.',
        todo: 'See whether the provider has an outage; else look at DNS, proxies and certificates on the way there.',
      },
    ];
  });
}

function circuitParts({ circuits, health }: Services): DegradedPart[] {
  return circuits.standings().flatMap(({ account, region, service, state, sinceMs }) => {
    if (state === 'closed') return [];
    const standing = health.standing(account, region);
    const why = standing?.isUp === false ? `: ${standing.why}` : '';
    return [
      {
        part: `circuit ${account} ${region} ${service}`,
        since: new Date(sinceMs).toISOString(),
        problem: `Too many requests to ${service} of ${region} had no answer${why}.`,
        effect:
          'One request at a time tries it; the others get 503 with Retry-After at once. Cached answers go on within staleIfError.',
        todo: `See whether the provider has an outage of ${service}; lines at level warn, and at debug each attempt, say what came of the requests. It closes by itself with the first answer.`,
      },
    ];
  });
}

const REDIS_EFFECT: Readonly<Record<string, string>> = {
  cache: 'This instance goes on with its own memory: the region is asked once per instance.',
  limits: 'This instance goes on with its part of the limits: callers may wait longer than they had to.',
  tokens: 'A token that is given back at another instance still counts here.',
};

function redisParts({ standings }: Services): DegradedPart[] {
  return [...standings.all()].flatMap(([part, standing]) => {
    const purpose = /^redis (.*)$/.exec(part)?.[1];
    if (purpose === undefined || standing.isUp) return [];
    return [
      {
        part,
        since: sinceOf(standing),
        problem: `${standing.why}.`,
        effect: REDIS_EFFECT[purpose] ?? 'What instances share is not shared.',
        todo: 'See whether Redis runs and answers; it is used again by itself once it does.',
      },
    ];
  });
}

function limitParts({ limits }: Services): DegradedPart[] {
  return limits.standings().flatMap(({ account, region, service, isAlone, snapshot }) => {
    const part = `limits ${account} ${region} ${service}`;
    const parts: DegradedPart[] = [];
    if (isAlone === true)
      parts.push({
        part,
        since: null,
        problem: 'The shared budget cannot be reached.',
        effect: 'This instance goes on with its part of the limits.',
        todo: 'See whether Redis runs and answers; limits.instances says how many share the account until it does.',
      });
    if (snapshot.pausedMs > 0)
      parts.push({
        part,
        since: null,
        problem: `The region wants to be left alone for ${Math.ceil(snapshot.pausedMs / 1000)} s more.`,
        effect: 'Requests wait, or are refused with 413.',
        todo: 'Wait; POST /admin/limits/resync asks it again at once.',
      });
    return parts;
  });
}

function otherParts({ standings }: Services): DegradedPart[] {
  return [...standings.all()].flatMap(([part, standing]) => {
    const known = OTHERS[part.split(' ')[0]!];
    if (known === undefined || standing.isUp) return [];
    return [{ part, since: sinceOf(standing), problem: standing.why, ...known }];
  });
}

const OTHERS: Readonly<Record<string, Pick<DegradedPart, 'effect' | 'todo'>>> = {
  reload: {
    effect: 'The configuration before it stays in force; a restart would not come up.',
    todo: 'Run sluice check-config, correct the file, send SIGHUP.',
  },
  audit: {
    effect: 'Lines of the audit log are kept in memory, and lost when that is full.',
    todo: 'See to the disk, the folder and the rights of audit.file.',
  },
  certificate: {
    effect: 'The certificate before it is shown until it expires.',
    todo: 'Correct the files of tls; they are read again by themselves.',
  },
};

const sinceOf = (standing: Standing | undefined): string | null =>
  standing === undefined ? null : new Date(standing.sinceMs).toISOString();
