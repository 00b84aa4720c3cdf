import { createHash, generateKeyPairSync } from 'node:crypto';
import type { JsonObject } from '../../json.ts';
import { isJsonObject } from '../../json.ts';
import { novaError } from './errors.ts';
import {
  bodyDocument,
  checkMembers,
  type NovaAnswer,
  type NovaHandler,
  type NovaVisit,
  nextLinks,
  pageOf,
  parameter,
} from './visit.ts';

/** Key pairs of a user: the region keeps the public half. */

/** The user's key pairs by name, kept beside the region's own state. */
function keysOf({ context, user }: NovaVisit): JsonObject {
  const side = context.region.side();
  const all = isJsonObject(side['keypairs']) ? side['keypairs'] : {};
  side['keypairs'] = all;
  const own = isJsonObject(all[user.id]) ? (all[user.id] as JsonObject) : {};
  all[user.id] = own;
  return own;
}

export function findKeypair(visit: NovaVisit, name: string): JsonObject | undefined {
  const found = keysOf(visit)[name];
  return isJsonObject(found) ? found : undefined;
}

/** Members that a microversion shows: the kind from 2.2 on. */
function shown({ minor }: NovaVisit, { name, public_key, fingerprint, type }: JsonObject): JsonObject {
  const document: JsonObject = { name: name!, public_key: public_key!, fingerprint: fingerprint! };
  if (minor >= 2) document['type'] = type!;
  return document;
}

export const listKeypairs: NovaHandler = (visit) => {
  const own = Object.values(keysOf(visit)).filter(isJsonObject);
  const document = (keys: readonly JsonObject[]) =>
    keys.map((keypair) => ({ keypair: shown(visit, keypair) }));
  if (visit.minor < 35) return { status: 200, document: { keypairs: document(own) } };
  const { page, next } = pageOf(visit, own, ({ name }) => String(name));
  const links = nextLinks(visit, next);
  return { status: 200, document: { keypairs: document(page), ...(links && { keypairs_links: links }) } };
};

export const showKeypair: NovaHandler = (visit) => {
  const name = parameter(visit, 'name');
  const found = findKeypair(visit, name);
  if (!found) throw novaError(404, `Keypair ${name} not found for user ${visit.user.id}`);
  const more = { user_id: visit.user.id, deleted: false, deleted_at: null, updated_at: null, id: 1 };
  return {
    status: 200,
    document: { keypair: { ...shown(visit, found), created_at: found['created_at']!, ...more } },
  };
};

/** `POST /os-keypairs`: takes a public key in, or (before 2.92) makes a pair and gives the private half out once. */
export const createKeypair: NovaHandler = (visit) => {
  const document = bodyDocument(visit, 'keypair');
  checkMembers(
    visit,
    document,
    ['name', 'public_key', ...(visit.minor >= 2 ? ['type'] : []), ...(visit.minor >= 10 ? ['user_id'] : [])],
    'keypair',
  );
  const { name, type = 'ssh' } = document;
  if (typeof name !== 'string' || name.trim() === '')
    throw novaError(400, "Invalid input for field/attribute keypair. 'name' is a required property");
  if (findKeypair(visit, name)) throw novaError(409, `Key pair '${name}' already exists.`);
  const imported = document['public_key'];
  if (typeof imported !== 'string' && visit.minor >= 92)
    throw novaError(400, "Invalid input for field/attribute keypair. 'public_key' is a required property");
  const pair = typeof imported === 'string' ? { publicKey: imported } : newPair();
  const keypair: JsonObject = {
    name,
    type,
    public_key: pair.publicKey,
    fingerprint: fingerprintOf(pair.publicKey),
    created_at: `${new Date(visit.context.clock.now()).toISOString().slice(0, 19)}.000000`,
  };
  keysOf(visit)[name] = keypair;
  const secret = 'privateKey' in pair ? { private_key: pair.privateKey } : {};
  return {
    status: visit.minor >= 2 ? 201 : 200,
    document: { keypair: { ...shown(visit, keypair), ...secret, user_id: visit.user.id } },
  };
};

export const deleteKeypair: NovaHandler = (visit): NovaAnswer => {
  const name = parameter(visit, 'name');
  if (!findKeypair(visit, name)) throw novaError(404, `Keypair ${name} not found for user ${visit.user.id}`);
  delete keysOf(visit)[name];
  return { status: visit.minor >= 2 ? 204 : 202 };
};

function newPair(): { publicKey: string; privateKey: string } {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { n, e } = publicKey.export({ format: 'jwk' });
  const blob = Buffer.concat([
    sshString(Buffer.from('ssh-rsa')),
    sshString(Buffer.from(e!, 'base64url')),
    sshString(Buffer.concat([Buffer.from([0]), Buffer.from(n!, 'base64url')])),
  ]);
  return {
    publicKey: `ssh-rsa ${blob.toString('base64')} Generated-by-the-simulator`,
    privateKey: privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
  };
}

/** RFC 4251: a length of four bytes, then the bytes. */
function sshString(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** MD5 of the key's blob, in pairs of hex digits. */
function fingerprintOf(publicKey: string): string {
  const [, blob = ''] = publicKey.trim().split(/\s+/);
  if (blob === '') throw novaError(400, 'Keypair data is invalid: failed to generate fingerprint');
  const digest = createHash('md5').update(Buffer.from(blob, 'base64')).digest('hex');
  return digest.match(/../g)!.join(':');
}
