import type { RedisSettings } from './settings.ts';

/** Where Redis is looked for, `host:port` each; nothing of its credentials. */
export function redisAddresses({ url, sentinels, cluster }: RedisSettings): string[] {
  const nodes = sentinels?.nodes ?? cluster?.nodes;
  if (nodes !== undefined) return nodes.map(({ host, port }) => `${host}:${port}`);
  if (url === null || !URL.canParse(url)) return [];
  const { hostname, port } = new URL(url);
  return [`${hostname}:${port || DEFAULT_PORT}`];
}

const DEFAULT_PORT = 6379;
