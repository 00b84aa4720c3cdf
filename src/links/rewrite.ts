import type { Operation } from '../operations/operation.ts';
import { type Hrefs, hrefsIn, spliceHrefs } from './json-hrefs.ts';
import { createMounts, type LinkEndpoint } from './mounts.ts';
import { regionSegment } from './region-segment.ts';
import type { ServiceLink } from './service-mounts.ts';

/**
 * Links in answers: whatever points at an upstream endpoint is made to point at the same resource under Sluice, so
 * that a client which follows links (and sends its token along) never leaves it. Real servers build links from the
 * Host header and what a load balancer told them, hence the match is on host and path, under either scheme, with the
 * version (`self`) and without it (`bookmark`). The way back is restore.ts.
 *
 * In all of these `publicBase` is Sluice's own base, without a slash at its end (`https://sluice.example`), and
 * `region` the region that answered, as the catalog spells it.
 */
export interface LinkRewriter {
  /**
   * Every `href` of a JSON text that points at a known endpoint becomes `{publicBase}/{region}/…`; the rest of the
   * text, links to what is not served here included, stays as it is. Returns the same string when there is nothing to do, or when
   * it is no JSON.
   *
   * @param hrefs where they stand, when that is known
   */
  rewriteBody(jsonText: string, publicBase: string, region: string, hrefs?: Hrefs): string;
  /** One URL (or absolute path of that region); undefined when it does not point at a known endpoint. */
  rewriteUrl(url: string, publicBase: string, region: string): string | undefined;
  /**
   * A `Location`. An operation that names where its new resource lives (`operation.location`) gets it there, whatever
   * host the upstream named: createImage's leads to the image service on real clouds. Undefined: leave it.
   */
  rewriteLocation(
    url: string,
    location: Operation['location'],
    publicBase: string,
    region: string,
    /** Below which the operation's resources are, from the version on: `/v2/010101`. */
    below: string,
  ): string | undefined;
}

/** A rewriter for these endpoints: those of every region and account, so that a link to another region is found too. */
export function createLinkRewriter(options: {
  endpoints: Iterable<LinkEndpoint>;
  /** Other services that callers reach through Sluice. */
  services?: Iterable<ServiceLink>;
}): LinkRewriter {
  const mounts = createMounts(options.endpoints, options.services);
  // Nearly all callers use one base.
  let base = '';
  let escapedBase = '';

  const rewriteUrl = (url: string, publicBase: string, region: string): string | undefined => {
    const lowered = region.toLowerCase();
    const isPath = url.startsWith('/') && !url.startsWith('//');
    const splice = isPath ? mounts.matchPath(url, lowered) : mounts.matchUrl(url, 0, url.length, lowered);
    return splice && publicBase + splice.path + url.slice(splice.keepFrom);
  };

  return {
    rewriteUrl,
    rewriteBody(jsonText, publicBase, region, hrefs = hrefsIn(jsonText)) {
      if (hrefs.length === 0) return jsonText;
      if (publicBase !== base) {
        base = publicBase;
        escapedBase = JSON.stringify(publicBase).slice(1, -1);
      }
      const lowered = region.toLowerCase();
      return spliceHrefs(jsonText, hrefs, base, escapedBase, (text, start, end) =>
        mounts.matchUrl(text, start, end, lowered),
      );
    },
    rewriteLocation(url, location, publicBase, region, below) {
      const id = location && lastSegment(url);
      if (!id) return rewriteUrl(url, publicBase, region);
      return `${publicBase}/${regionSegment(region)}${below}${location}${id}`;
    },
  };
}

/** The last path segment that is not empty, as it is spelled; undefined when the URL has no path. */
function lastSegment(url: string): string | undefined {
  const path = url.replace(/[?#].*$/s, '').replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, '');
  return path.split('/').findLast((segment) => segment !== '');
}
