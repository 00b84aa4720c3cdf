import { isJsonObject, type JsonObject, type JsonValue } from '../../src/json.ts';

/**
 * Request bodies in XML, written here by hand and not with the gateway's own translation: a mistake both ways would
 * cancel itself out.
 */

const COMPUTE = 'http://docs.openstack.org/compute/api/v1.1';
const DISK = 'http://docs.openstack.org/compute/ext/disk_config/api/v1.1';

/** @param body a JSON request with one key, `{"server": {…}}` */
export function xmlBody(body: JsonObject): string {
  const [name = '', value] = Object.entries(body)[0] ?? [];
  const fields = isJsonObject(value) ? value : {};
  return `<?xml version="1.0" encoding="UTF-8"?>\n${name === 'metadata' || name === 'meta' ? metadata(name, fields) : document(name, fields)}`;
}

function document(name: string, fields: JsonObject): string {
  const attributes = Object.entries(fields).filter(([, value]) => !isNested(value));
  const children = Object.entries(fields).filter(([, value]) => isNested(value));
  const head = `${name} xmlns="${COMPUTE}" xmlns:OS-DCF="${DISK}"`;
  const written = attributes.map(([key, value]) => ` ${key}="${escaped(String(value))}"`).join('');
  return `<${head}${written}>${children.map(([key, value]) => child(key, value)).join('')}</${name}>`;
}

const isNested = (value: JsonValue): boolean => typeof value === 'object' && value !== null;

function child(name: string, value: JsonValue): string {
  if (name === 'metadata' && isJsonObject(value)) return `<metadata>${items(value)}</metadata>`;
  if (!Array.isArray(value)) throw new Error(`the suite writes no ${name} in XML`);
  return `<${name}>${value.map((item) => listItem(name, item as JsonObject)).join('')}</${name}>`;
}

function listItem(name: string, item: JsonObject): string {
  if (name === 'personality')
    return `<file path="${escaped(String(item['path']))}">${escaped(String(item['contents']))}</file>`;
  return `<network uuid="${escaped(String(item['uuid']))}"/>`;
}

function metadata(name: string, fields: JsonObject): string {
  const [key = '', value = ''] = Object.entries(fields)[0] ?? [];
  return name === 'meta'
    ? `<meta xmlns="${COMPUTE}" key="${escaped(key)}">${escaped(String(value))}</meta>`
    : `<metadata xmlns="${COMPUTE}">${items(fields)}</metadata>`;
}

function items(fields: JsonObject): string {
  return Object.entries(fields)
    .map(([key, value]) => `<meta key="${escaped(key)}">${escaped(String(value))}</meta>`)
    .join('');
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => ENTITIES[character]!);
