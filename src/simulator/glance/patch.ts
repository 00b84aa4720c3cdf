import type { JsonValue } from '../../json.ts';
import { isJsonObject } from '../../json.ts';
import { headerOf, type Incoming } from '../exchange.ts';
import type { ImageRecord } from '../region/state.ts';
import { GlanceError } from './errors.ts';
import { glanceExtras, memberProblem, READ_ONLY, setMember } from './image.ts';

const TYPES = [
  'application/openstack-images-v2.0-json-patch',
  'application/openstack-images-v2.1-json-patch',
];

/** `PATCH /v2/images/{id}`: a list of changes (RFC 6902's form: add, replace, remove), all of them or none. */
export function patchImage(incoming: Incoming, image: ImageRecord): void {
  const type = headerOf(incoming, 'content-type')?.split(';')[0]?.trim() ?? '';
  if (!TYPES.includes(type))
    throw new GlanceError(415, `The request media type ${type} is not supported by this server.`, {
      'accept-patch': TYPES.join(', '),
    });
  const changes = readChanges(incoming).map((change) => checked(change, image));
  for (const { op, name, value } of changes) {
    if (op !== 'remove') setMember(image, name, value);
    else {
      const { [name]: _gone, ...rest } = image.metadata;
      image.metadata = rest;
    }
  }
}

interface Change {
  readonly op: 'add' | 'replace' | 'remove';
  readonly name: string;
  readonly value: JsonValue;
}

function readChanges(incoming: Incoming): JsonValue[] {
  try {
    const body: unknown =
      incoming.body.kind === 'bytes' ? JSON.parse(incoming.body.bytes.toString('utf8')) : undefined;
    if (Array.isArray(body)) return body as JsonValue[];
  } catch {
    throw new GlanceError(400, 'Malformed JSON in request body.');
  }
  throw new GlanceError(400, 'Request body must be a JSON array of operation objects.');
}

function checked(change: JsonValue, image: ImageRecord): Change {
  const { op, path, value = null } = isJsonObject(change) ? change : {};
  if (op !== 'add' && op !== 'replace' && op !== 'remove')
    throw new GlanceError(400, `Operations must be one of add, replace, remove, not ${String(op)}.`);
  if (typeof path !== 'string' || !/^\/[^/]+$/.test(path))
    throw new GlanceError(400, `Invalid JSON pointer for this resource: '${String(path)}'`);
  const name = path.slice(1).replaceAll('~1', '/').replaceAll('~0', '~');
  if (READ_ONLY.includes(name) || name === 'id')
    throw new GlanceError(403, `Attribute '${name}' is read-only.`);
  if (name === 'visibility' && value === 'public')
    throw new GlanceError(403, 'You are not authorized to complete publicize_image action.');
  if (op === 'remove' && !(name in image.metadata))
    throw new GlanceError(name in glanceExtras(image) ? 403 : 409, `Property ${name} does not exist.`);
  const problem = op === 'remove' ? undefined : memberProblem(name, value);
  if (problem !== undefined) throw new GlanceError(400, problem);
  return { op, name, value };
}
