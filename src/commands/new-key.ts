import { CLIENT_NAME_PATTERN, generateClientKey, isClientName } from '../access/client-key.ts';
import { hashClientKey } from '../access/key-hash.ts';
import { type ExitCode, refuse } from './exit-code.ts';

/** `sluice new-key NAME`: a key, which nobody can read again, and what the configuration keeps of it. */
export function newKey(name: string): ExitCode {
  if (!isClientName(name))
    return refuse([`NAME: is no name of a client, accepted: text that matches ^${CLIENT_NAME_PATTERN}$`]);
  console.log(describeKey(name, generateClientKey(name)));
  return 0;
}

/** The key on the first line and nowhere else, then lines for the configuration, which hold its hash alone. */
export function describeKey(name: string, key: string): string {
  return `${key}

# The line above is the key of client ${name}: give it to whoever calls as ${name}, as X-Auth-Token, as
# Authorization: Bearer, or as the password to log in with. It is stored nowhere and cannot be shown again.
# These lines belong into the configuration of the gateway; SIGHUP puts them in force:
access:
  mode: keys
  clients:
    - name: ${quotedName(name)}
      keyHash: "${hashClientKey(key)}"`;
}

/** YAML reads `123`, `1.5` and `true` as something else than text. */
function quotedName(name: string): string {
  return /^[A-Za-z][A-Za-z_-]*$/.test(name) && !/^(?:true|false|null|yes|no|on|off)$/i.test(name)
    ? name
    : JSON.stringify(name);
}
