/**
 * Which format a caller gets and sends (guide section 1.4): a `.json` or `.xml` suffix of the path beats `Accept`,
 * JSON is the default, and the request body's format is its own matter.
 */
import type { Format } from './format.ts';

const SUFFIX = /\.(json|xml)$/;

/** Headers repeat: the verdicts on the last few hundred spellings are kept. */
const REMEMBERED = 512;
const accepts = new Map<string, Format | undefined>();
const contentTypes = new Map<string, Format | undefined>();

/**
 * Takes `.json` or `.xml` off a path without query: `/servers.xml` and `/servers/.xml` are `/servers`,
 * `/v2/.xml` is `/v2/`, `/.xml` is `/`. No other ending is a format (`/metadata/foo.bar` names a key).
 */
export function splitFormatSuffix(path: string): { path: string; format: Format | undefined } {
  const last = path.charCodeAt(path.length - 1);
  if (last !== 0x6c && last !== 0x6e) return { path, format: undefined };
  const found = SUFFIX.exec(path);
  if (!found) return { path, format: undefined };
  const base = path.slice(0, found.index);
  return { path: isVersionRoot(base) ? base : trimSlash(base), format: found[1] as Format };
}

/** `/`, `/v2/`, `/dfw/v2.1/`: there the slash belongs to the path (guide section 1.9.2). */
function isVersionRoot(base: string): boolean {
  return base === '/' || base === '' || /(?:^|\/)v\d+(?:\.\d+)?\/$/.test(base);
}

function trimSlash(base: string): string {
  return base.length > 1 && base.endsWith('/') ? base.slice(0, -1) : base;
}

/**
 * The format of an answer, by the path's suffix or by `Accept` (RFC 9110 section 12.5.1): the greatest q-value
 * wins, JSON on a tie. Missing and empty mean JSON.
 *
 * @returns undefined when the caller accepts neither format: 406
 */
export function responseFormat(accept: string | undefined, suffix: Format | undefined): Format | undefined {
  if (suffix !== undefined) return suffix;
  if (accept === undefined || accept === '' || accept === 'application/json' || accept === '*/*')
    return 'json';
  return remembered(accepts, accept, acceptedFormat);
}

/**
 * The format of a request body, by `Content-Type`. A missing or empty one means JSON.
 *
 * @returns undefined for any other type: 415
 */
export function requestFormat(contentType: string | undefined): Format | undefined {
  if (contentType === undefined || contentType === '' || contentType === 'application/json') return 'json';
  return remembered(contentTypes, contentType, (header) => formatOfType(typeOf(header)));
}

function remembered(
  cache: Map<string, Format | undefined>,
  header: string,
  decide: (header: string) => Format | undefined,
): Format | undefined {
  if (cache.has(header)) return cache.get(header);
  const verdict = decide(header);
  if (cache.size >= REMEMBERED) cache.clear();
  if (header.length <= 256) cache.set(header, verdict);
  return verdict;
}

function acceptedFormat(accept: string): Format | undefined {
  const quality = { json: qualityOf(accept, 'json'), xml: qualityOf(accept, 'xml') };
  if (quality.json === undefined && quality.xml === undefined && accept.trim() === '') return 'json';
  const json = quality.json ?? 0;
  const xml = quality.xml ?? 0;
  if (json === 0 && xml === 0) return undefined;
  return xml > json ? 'xml' : 'json';
}

/** The q-value of the most specific range that covers a format; undefined when none does. */
function qualityOf(accept: string, format: Format): number | undefined {
  let best = -1;
  let quality: number | undefined;
  for (const range of accept.split(',')) {
    const specificity = specificityOf(typeOf(range), format);
    if (specificity < 0) continue;
    const q = qOf(range);
    if (specificity === best) quality = Math.max(quality ?? 0, q);
    if (specificity <= best) continue;
    best = specificity;
    quality = q;
  }
  return quality;
}

function specificityOf(type: string, format: Format): number {
  if (formatOfType(type) === format) return 2;
  if (type === 'application/*' || (type === 'text/*' && format === 'xml')) return 1;
  return type === '*/*' || type === '*' ? 0 : -1;
}

function qOf(range: string): number {
  const found = /;\s*q\s*=\s*"?([0-9.]+)/i.exec(range);
  if (!found) return 1;
  const q = Number(found[1]);
  return Number.isFinite(q) ? Math.min(1, q) : 1;
}

/** The media type without parameters (`;version=1.1`, `;charset=UTF-8`). */
function typeOf(range: string): string {
  const end = range.indexOf(';');
  return (end < 0 ? range : range.slice(0, end)).trim().toLowerCase();
}

/** `application/json`, `application/vnd.openstack.compute+json`, `text/xml`, and any `+json` or `+xml` type. */
function formatOfType(type: string): Format | undefined {
  if (type === 'application/json' || type === 'text/json') return 'json';
  if (type === 'application/xml' || type === 'text/xml') return 'xml';
  if (!type.startsWith('application/')) return undefined;
  if (type.endsWith('+json')) return 'json';
  return type.endsWith('+xml') && type !== 'application/xhtml+xml' ? 'xml' : undefined;
}
