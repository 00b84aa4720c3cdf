import { Fault } from '../../faults/faults.ts';
import type { JsonObject, JsonValue } from '../../json.ts';

/** What Keystone says to a login that does not fit its schema: all of the schema, and all of what was sent. */

const TEXT: JsonObject = { type: 'string' };
const object = (properties: JsonObject, required: string[] = []): JsonObject => ({
  type: 'object',
  properties,
  ...(required.length === 0 ? {} : { required }),
});
const DOMAIN = object({ id: TEXT, name: TEXT });
const PROJECT = object({ name: TEXT, id: TEXT, domain: DOMAIN });
const USER = object({ id: TEXT, name: TEXT, password: TEXT, domain: DOMAIN });

const SCHEMA = object(
  {
    identity: object(
      {
        methods: { type: 'array', items: TEXT },
        password: object({ user: USER }),
        token: object({ id: TEXT }, ['id']),
        application_credential: object({ id: TEXT, name: TEXT, secret: TEXT, user: USER }, ['secret']),
      },
      ['methods'],
    ),
    scope: {
      type: ['object', 'string'],
      properties: {
        project: PROJECT,
        domain: DOMAIN,
        'OS-TRUST:trust': object({ id: TEXT }),
        system: object({ all: { type: 'boolean' } }),
        unscoped: object({}),
      },
    },
  },
  ['identity'],
);

/** @param field path of what is wrong, `identity/password`; @param problem `'user' is a required property` */
export function schemaFault(field: string, problem: string, instance: JsonValue | undefined): Fault {
  return new Fault(
    'badRequest',
    `Invalid input for field '${field}': ${problem}\n\nFailed validating schema:\n${printed(SCHEMA)}\n\nOn instance:\n${printed(instance ?? null)}`,
  );
}

/** As Python prints it. */
const printed = (value: JsonValue): string => JSON.stringify(value, null, 4).replaceAll('"', "'");
