import type { JsonObject } from '../../json.ts';
import { GlanceError } from './errors.ts';

/** `GET /v2/images`: filters, order, pages. */

const PAGING = new Set(['limit', 'marker', 'sort', 'sort_key', 'sort_dir', 'member_status']);

/** @param images in Glance's form; @param query as asked */
export function listImages(images: readonly JsonObject[], query: URLSearchParams, most: number): JsonObject {
  const wanted = sorted(
    images.filter((image) => isWanted(image, query)),
    query,
  );
  const limit = readLimit(query, most);
  const marker = query.get('marker');
  const at = marker === null ? -1 : wanted.findIndex(({ id }) => id === marker);
  if (marker !== null && at === -1) throw new GlanceError(400, `No image found with ID ${marker}`);
  const page = wanted.slice(at + 1, at + 1 + limit);
  const first = withoutMarker(query);
  const document: JsonObject = {
    images: page,
    first: first === '' ? '/v2/images' : `/v2/images?${first}`,
    schema: '/v2/schemas/images',
  };
  // Glance tells a next page whenever this one is full.
  if (page.length === limit && limit > 0) {
    const next = [first, `marker=${page.at(-1)!['id']}`].filter((part) => part !== '').join('&');
    document['next'] = `/v2/images?${next}`;
  }
  return document;
}

function withoutMarker(query: URLSearchParams): string {
  const rest = new URLSearchParams(query);
  rest.delete('marker');
  return rest.toString();
}

function readLimit(query: URLSearchParams, most: number): number {
  const text = query.get('limit');
  if (text === null) return Math.min(25, most);
  if (!/^-?\d+$/.test(text)) throw new GlanceError(400, 'limit param must be an integer');
  if (Number(text) < 0) throw new GlanceError(400, 'limit param must be positive');
  return Math.min(most, Number(text));
}

function isWanted(image: JsonObject, query: URLSearchParams): boolean {
  if (!query.has('os_hidden') && image['os_hidden'] === true) return false;
  for (const key of new Set(query.keys()))
    if (!PAGING.has(key) && !isMatch(image, key, query.getAll(key))) return false;
  return true;
}

function isMatch(image: JsonObject, key: string, values: readonly string[]): boolean {
  if (key === 'tag') return values.every((tag) => (image['tags'] as string[]).includes(tag));
  if (key === 'visibility' && values[0] === 'all') return true;
  if (key === 'size_min') return Number(image['size']) >= Number(values[0]);
  if (key === 'size_max') return Number(image['size']) <= Number(values[0]);
  const own = String(image[key] ?? '').toLowerCase();
  return values.every((value) => {
    const list = value.startsWith('in:') ? value.slice(3).split(',') : [value];
    return list.some(
      (item) => item === String(image[key] ?? '') || (isTruth(item) && item.toLowerCase() === own),
    );
  });
}

const isTruth = (text: string): boolean => ['true', 'false'].includes(text.toLowerCase());

/** Newest first, or as `sort=name:asc,…` or `sort_key` and `sort_dir` say. */
function sorted(images: readonly JsonObject[], query: URLSearchParams): readonly JsonObject[] {
  const keys = query.getAll('sort_key');
  const directions = query.getAll('sort_dir');
  const orders = (
    query.get('sort')?.split(',') ??
    keys.map((key, index) => `${key}:${directions[index] ?? directions[0] ?? 'desc'}`)
  ).map((item) => item.split(':'));
  if (orders.length === 0) return images;
  return [...images].sort((a, b) => {
    for (const [key = '', direction = 'desc'] of orders) {
      const [left, right] = [a[key] ?? '', b[key] ?? ''];
      const order =
        typeof left === 'number' ? left - Number(right) : String(left).localeCompare(String(right));
      if (order !== 0) return direction === 'asc' ? order : -order;
    }
    return 0;
  });
}
