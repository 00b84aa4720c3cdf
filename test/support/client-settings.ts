import type { ClientSettings } from '../../src/access/settings.ts';

/** A client of the configuration with the defaults the schema would fill in. */
export const clientSettings = (name: string, settings: Partial<ClientSettings> = {}): ClientSettings => ({
  name,
  keyHash: null,
  keys: [],
  certificates: [],
  accounts: null,
  regions: null,
  services: null,
  access: 'write',
  allow: ['*'],
  deny: [],
  share: 1,
  maxWaitMs: null,
  limits: [],
  ...settings,
});
