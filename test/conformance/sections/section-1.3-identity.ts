import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/json.ts';
import { readIdentityXmlAnswer } from '../../../src/translation/read-xml.ts';
import { ensure, ensureEqual, textOf, timeOf } from '../expectation.ts';
import type { Section } from '../section.ts';
import type { Identity, Trial } from '../trial.ts';

const IDENTITY_XML = 'http://docs.openstack.org/identity/api/v2.0';
const KEY_XML = 'http://docs.rackspace.com/identity/api/ext/RAX-KSKEY/v1.0';

/** Section 1.3: the answers differ between a region's own identity service and a gateway's, so each is judged alone. */
export const identity: Section = {
  id: '1.3',
  title: 'Authenticate through the Rackspace Cloud Identity Service',
  cases: [
    {
      name: 'a user name and an API key give a token that lives on, its tenant and a catalog',
      needs: 'identity',
      async run(trial) {
        const { access } = await logIn(trial);
        const token = objectAt(access, 'token');
        textOf(token, 'id');
        // Clients that find less than five minutes left log in before every call.
        ensure(timeOf(token, 'expires') > trial.now() + 300_000, 'the token expires within five minutes');
        textOf(objectAt(token, 'tenant'), 'id');
        ensure(endpointsOf(access).length > 0, 'the catalog lists no compute endpoint with a region');
      },
    },
    {
      name: 'every compute endpoint of the catalog names its region once and ends in the tenant',
      needs: 'identity',
      async run(trial) {
        const { access } = await logIn(trial);
        const tenant = textOf(objectAt(objectAt(access, 'token'), 'tenant'), 'id');
        const endpoints = endpointsOf(access);
        const regions = endpoints.map((endpoint) => textOf(endpoint, 'region'));
        ensureEqual(new Set(regions).size, regions.length, 'the number of different regions');
        for (const endpoint of endpoints) {
          const url = textOf(endpoint, 'publicURL');
          ensure(
            /\/v2(\.\d+)?\//.test(url) && url.endsWith(`/${tenant}`),
            `${url} does not end in /v2/${tenant}`,
          );
        }
      },
    },
    {
      name: 'the token opens the region that the catalog names',
      needs: 'identity',
      async run(trial) {
        const { access } = await logIn(trial);
        const id = textOf(objectAt(access, 'token'), 'id');
        const url = textOf(endpointsOf(access)[0]!, 'publicURL');
        const answer = await trial.ask('GET', `${url}/flavors`, {
          token: id,
          comparison: 'none',
          document: 'flavors',
        });
        ensureEqual(answer.status, 200, 'the status of GET /flavors with the token');
      },
    },
    {
      name: 'tenants are listed for a token',
      needs: 'identity',
      async run(trial) {
        const { access } = await logIn(trial);
        const token = objectAt(access, 'token');
        const { url } = identityOf(trial);
        const response = await fetch(`${url}/tenants`, {
          headers: { accept: 'application/json', 'x-auth-token': textOf(token, 'id') },
        });
        ensureEqual(response.status, 200, 'the status of GET /tenants');
        const { tenants } = (await response.json()) as { tenants: JsonObject[] };
        const ids = tenants.map((tenant) => textOf(tenant, 'id'));
        ensure(
          ids.includes(textOf(objectAt(token, 'tenant'), 'id')),
          'the tenant of the token is not listed',
        );
      },
    },
    {
      name: 'a login without credentials is a badRequest in the format it was sent in',
      needs: 'identity',
      async run(trial) {
        const isXml = trial.client.format === 'xml';
        const { status, body } = await post(trial, isXml ? `<auth xmlns="${IDENTITY_XML}"/>` : '{"auth":{}}');
        ensureEqual(status, 400, 'the status');
        ensureEqual(objectAt(body, 'badRequest')['code'], 400, 'the code of the fault');
      },
    },
    {
      name: 'a wrong API key is unauthorized',
      needs: 'guardedIdentity',
      async run(trial) {
        const { username } = identityOf(trial);
        const { status, body } = await post(trial, loginBody(trial, username, 'no-such-key'));
        ensureEqual(status, 401, 'the status');
        ensureEqual(objectAt(body, 'unauthorized')['code'], 401, 'the code of the fault');
      },
    },
  ],
};

async function logIn(trial: Trial): Promise<{ access: JsonObject }> {
  const { username, apiKey } = identityOf(trial);
  const { status, body } = await post(trial, loginBody(trial, username, apiKey));
  ensure(status === 200 || status === 203, `the login was answered ${status}`);
  return { access: objectAt(body, 'access') };
}

function loginBody(trial: Trial, username: string, apiKey: string): string {
  if (trial.client.format === 'json')
    return JSON.stringify({ auth: { 'RAX-KSKEY:apiKeyCredentials': { username, apiKey } } });
  const credentials = `<apiKeyCredentials xmlns="${KEY_XML}" username="${username}" apiKey="${apiKey}"/>`;
  return `<auth xmlns="${IDENTITY_XML}">${credentials}</auth>`;
}

async function post(trial: Trial, body: string): Promise<{ status: number; body: JsonValue }> {
  const type = `application/${trial.client.format}`;
  const response = await fetch(`${identityOf(trial).url}/tokens`, {
    method: 'POST',
    headers: { accept: type, 'content-type': type },
    body,
  });
  const text = await response.text();
  ensure((response.headers.get('content-type') ?? '').startsWith(type), `the answer is not ${type}`);
  const value =
    trial.client.format === 'json' ? JSON.parse(text) : readIdentityXmlAnswer(text, ['access']).value;
  return { status: response.status, body: value as JsonValue };
}

function identityOf({ identity }: Trial): Identity {
  ensure(identity !== null, 'there are no credentials to log in with');
  return identity;
}

function objectAt(value: JsonValue, key: string): JsonObject {
  const found = isJsonObject(value) ? value[key] : undefined;
  ensure(isJsonObject(found), `there is no object "${key}" in the answer`);
  return found;
}

/** Second generation compute: endpoints with a region. */
function endpointsOf(access: JsonObject): JsonObject[] {
  const catalog = Array.isArray(access['serviceCatalog']) ? access['serviceCatalog'] : [];
  const services = catalog.filter(isJsonObject).filter(({ type }) => type === 'compute');
  const endpoints = services.flatMap((service) =>
    Array.isArray(service['endpoints']) ? service['endpoints'] : [],
  );
  return endpoints.filter(isJsonObject).filter(({ region }) => typeof region === 'string');
}
