import type { Endpoints } from './catalog.ts';

/**
 * The catalog's URLs as one caller reaches them: below what it wrote in Host, or at the region's own port on that host.
 *
 * @param origin `http://host:port`, no trailing slash
 * @param names regions, as the catalog spells them
 * @param ownPorts ports of regions that have one, by upper-case name
 */
export function catalogEndpoints(
  origin: string,
  names: readonly string[],
  ownPorts: ReadonlyMap<string, number>,
  firstGeneration: boolean,
): Endpoints {
  const regions = names.map((name) => {
    const segment = name.toLowerCase();
    const port = ownPorts.get(name.toUpperCase());
    return {
      name,
      computeRoot: port === undefined ? `${origin}/${segment}` : withPort(origin, port),
      internalComputeRoot: `${origin}/internal/${segment}`,
      imageRoot: `${origin}/image/${segment}`,
      networkRoot: `${origin}/network/${segment}`,
      volumeRoot: `${origin}/volume/${segment}`,
    };
  });
  return { origin, regions, firstGeneration };
}

function withPort(origin: string, port: number): string {
  const url = new URL(origin);
  url.port = String(port);
  return url.origin;
}
