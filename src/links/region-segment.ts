/**
 * A region as it stands in the paths Sluice hands out, percent-encoded. The case of its name is kept (`RegionOne`), but for
 * a name in capitals (`DFW`): that is in lower case in paths, as such clouds have it in their own host names. Either is
 * understood on the way in.
 */
export function regionSegment(region: string): string {
  return encodeURIComponent(region === region.toUpperCase() ? region.toLowerCase() : region);
}
