import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';

/**
 * Links in requests: the guide lets a reference be an id or a URL. A URL of Sluice means nothing to the upstream, and
 * real servers take ids only for images, so every reference is cut to its id, whichever base it was taken from: with
 * a region, without one (`/v2/{tenant}/…`, a port of its own), bookmark form, or the upstream's own.
 */

/** Members of a request body that refer to another resource -> the collection that their URL names. */
const REFERENCES: Readonly<Record<string, string>> = {
  imageRef: 'images',
  flavorRef: 'flavors',
  rescue_image_ref: 'images',
};

/** List filters that may be a URL -> the collection it names. */
const FILTERS: Readonly<Record<string, string>> = { server: 'servers', image: 'images', flavor: 'flavors' };

const REFERENCE_URL = /^(?:https?:\/\/[^/?#]+)?\/(?:[^?#]*\/)?([^/?#]+)\/+([^/?#]+)\/*(?:[?#].*)?$/i;

/**
 * The id of a reference: `https://sluice.example/dfw/v2/{tenant}/images/{id}` and `/v2/{tenant}/images/{id}` give the id;
 * an id, an empty string (boot from a volume) and a URL of anything else come back as they are.
 *
 * @param collection what the URL must name: `images`, `flavors`, `servers`
 */
export function restoreRef(reference: string, collection: string): string {
  const match = REFERENCE_URL.exec(reference);
  if (match?.[1] !== collection) return reference;
  try {
    return decodeURIComponent(match[2]!);
  } catch {
    return reference;
  }
}

/**
 * A request body (`{"server": {…}}`, `{"rebuild": {…}}`, `{"resize": {…}}`) with every reference cut to an id. The
 * argument is not changed; when nothing had to be, it is what comes back.
 */
export function restoreRefs(body: JsonValue): JsonValue {
  if (!isJsonObject(body)) return body;
  return mapMembers(body, (_name, element) =>
    isJsonObject(element) ? mapMembers(element, restoreMember) : element,
  );
}

function restoreMember(name: string, value: JsonValue): JsonValue {
  const collection = Object.hasOwn(REFERENCES, name) ? REFERENCES[name] : undefined;
  return collection !== undefined && typeof value === 'string' ? restoreRef(value, collection) : value;
}

/** A copy with the members that `change` returns, made only when one differs. */
function mapMembers(object: JsonObject, change: (name: string, value: JsonValue) => JsonValue): JsonObject {
  let copy: JsonObject | undefined;
  for (const [name, value] of Object.entries(object)) {
    const changed = change(name, value);
    if (changed === value) continue;
    copy ??= { ...object };
    copy[name] = changed;
  }
  return copy ?? object;
}

/**
 * A parameter of a query (`server=https%3A%2F%2F…`), its value cut to an id if it is a filter that names another resource
 * by URL. Everything else comes back as it is.
 *
 * @param parameter in the one spelling of queries, see routing/canonical.ts
 */
export function restoreFilter(parameter: string): string {
  const equals = parameter.indexOf('=');
  const name = parameter.slice(0, Math.max(0, equals));
  if (!Object.hasOwn(FILTERS, name)) return parameter;
  const value = decodeURIComponent(parameter.slice(equals + 1).replaceAll('+', ' '));
  const id = restoreRef(value, FILTERS[name]!);
  return id === value ? parameter : `${name}=${encodeURIComponent(id)}`;
}
