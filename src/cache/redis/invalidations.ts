import type { Clock, Timer } from '../../clock.ts';
import { isJsonObject, type JsonValue } from '../../json.ts';
import type { RedisConnection } from '../../redis/connection.ts';
import { PAUSE_MS, type RedisGuard } from '../../redis/guard.ts';
import { type Change, EVERYTHING } from '../invalidation.ts';
import type { SharedListener } from '../shared-store.ts';
import { CHANNEL, type RedisKeys } from './keys.ts';
import { ANNOUNCE } from './scripts.ts';

/**
 * News of changes between instances. Each change gives its scope a new generation number and is published with it.
 * News can be lost (pub/sub promises nothing), so whoever sees a generation he has not heard of drops the scope, and
 * after every break of the subscription all scopes held here are compared.
 *
 * A change that Redis could not be told of is kept and told later; until then this instance neither reads nor writes
 * the scope there, because what others left may be older than the change.
 */
export interface RedisNews {
  announce(scope: string, change: Change): Promise<boolean>;
  /** Tells what is waiting to be told about the scope; false while that fails and the scope must be left alone. */
  isSettled(scope: string): Promise<boolean>;
  /** Compares a generation read from Redis with what was heard; false when it is older than that. */
  observe(scope: string, generation: string): boolean;
  close(): void;
}

export interface NewsOptions {
  redis: RedisConnection;
  subscriber: RedisConnection;
  guard: RedisGuard;
  clock: Clock;
  keys: RedisKeys;
  listener: SharedListener;
  instanceId: string;
}

/** See `RedisNews`. */
export function createRedisNews(options: NewsOptions): RedisNews {
  const { redis, subscriber, guard, clock, keys, listener, instanceId } = options;
  /** The newest generation heard of, by scope. */
  const heard = new Map<string, number>();
  const untold = new Map<string, Change>();
  /** Counts breaks of the subscription; `comparedAt` is the last one whose gap has been looked into. */
  let breaks = 1;
  let comparedAt = 0;
  const isBlind = () => comparedAt !== breaks;
  let retry: Timer | undefined;
  let isClosed = false;

  async function tell(scope: string, change: Change): Promise<boolean> {
    const news = JSON.stringify({ from: instanceId, scope, change });
    const reply = await guard.attempt('announce', () =>
      ANNOUNCE.run(redis, [keys.generation(scope)], [CHANNEL, news]),
    );
    if (!Array.isArray(reply)) return false;
    const [generation, old] = reply.map((number) => Number(String(number)));
    // Somebody else's change came first; its news may be on the way, or lost.
    if (old !== 0 && old !== heard.get(scope)) listener.onChange(scope, EVERYTHING);
    heard.set(scope, Math.max(heard.get(scope) ?? 0, generation ?? 0));
    return true;
  }

  async function tellWaiting(): Promise<void> {
    for (const [scope, change] of [...untold])
      if (await tell(scope, change)) {
        if (untold.get(scope) === change) untold.delete(scope);
      }
    if (isBlind()) await compare();
    if (untold.size > 0 || isBlind()) later();
  }

  function later(): void {
    if (isClosed || retry) return;
    retry = clock.setTimer(() => {
      retry = undefined;
      void tellWaiting();
    }, PAUSE_MS);
  }

  /** After a break: has any scope held here changed meanwhile? A generation that is gone means that nobody knows. */
  async function compare(): Promise<void> {
    if (subscriber.status !== 'ready') return;
    const gap = breaks;
    for (const scope of new Set([...heard.keys(), ...listener.heldScopes()])) {
      const reply = await guard.attempt(
        'compare',
        // Unlike GET, MGET takes rubbish of another type for nothing.
        async () => (await redis.mget(keys.generation(scope)))[0] ?? '',
      );
      if (reply === undefined) return;
      if (reply === '' && !heard.has(scope)) continue;
      if (reply === '' || heard.get(scope) !== Number(reply)) {
        heard.delete(scope);
        if (reply !== '') heard.set(scope, Number(reply));
        listener.onChange(scope, EVERYTHING);
      }
    }
    comparedAt = gap;
  }

  function onMessage(text: string): void {
    const space = text.indexOf(' ');
    const generation = Number(text.slice(0, space));
    const news = parseNews(text.slice(space + 1));
    if (!news || !Number.isFinite(generation) || news.from === instanceId) return;
    // Older than what was heard is no reason to ignore it: this may be the change between two own ones.
    heard.set(news.scope, Math.max(heard.get(news.scope) ?? 0, generation));
    listener.onChange(news.scope, news.change);
  }

  const onReady = () => {
    subscriber.subscribe(CHANNEL).then(tellWaiting, later);
  };
  subscriber.on('message', (_channel: string, text: string) => onMessage(text));
  subscriber.on('ready', onReady);
  subscriber.on('close', () => {
    breaks++;
  });
  // Without a listener an 'error' event would end the process; the command connection speaks of outages.
  subscriber.on('error', () => {});
  redis.on('ready', () => void tellWaiting());
  if (subscriber.status === 'ready') onReady();

  return {
    async announce(scope, change) {
      const waiting = untold.get(scope);
      const whole = waiting === undefined ? change : EVERYTHING;
      untold.set(scope, whole);
      const told = await tell(scope, whole);
      if (told && untold.get(scope) === whole) untold.delete(scope);
      if (!told) later();
      return told;
    },
    async isSettled(scope) {
      const change = untold.get(scope);
      if (change === undefined) return true;
      if (!(await tell(scope, change))) return false;
      if (untold.get(scope) === change) untold.delete(scope);
      return !untold.has(scope);
    },
    observe(scope, generation) {
      if (generation === '') return false;
      const known = heard.get(scope);
      const seen = Number(generation);
      if (known !== undefined && seen < known) return false;
      heard.set(scope, seen);
      // What is held without having heard anything is from when Redis was away.
      const isNews = known === undefined ? listener.heldScopes().includes(scope) : seen > known;
      if (isNews) listener.onChange(scope, EVERYTHING);
      return true;
    },
    close() {
      isClosed = true;
      retry?.cancel();
    },
  };
}

interface News {
  from: string;
  scope: string;
  change: Change;
}

/** News from the wire; null for rubbish. A change of a kind this version does not know means everything. */
function parseNews(text: string): News | null {
  let news: JsonValue;
  try {
    news = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isJsonObject(news)) return null;
  const { from, scope, change } = news;
  if (typeof from !== 'string' || typeof scope !== 'string' || !isJsonObject(change)) return null;
  const { kind, lists, subject } = change;
  if (kind === 'write' && typeof lists === 'boolean' && (subject === null || typeof subject === 'string'))
    return { from, scope, change: { kind, lists, subject } };
  return { from, scope, change: EVERYTHING };
}
