import type { Token } from '../identity/token.ts';

/** A caller's own upstream token, of which nothing but its id is known here. */
export function ownToken(id: string): Token {
  return {
    id,
    expiresAtMs: Number.POSITIVE_INFINITY,
    issuedAtMs: 0,
    tenant: { id: '', name: '' },
    user: { id: '', name: '', roles: [] },
    catalog: [],
  };
}
