import type { Clock } from '../clock.ts';
import { isJsonObject, type JsonValue } from '../json.ts';
import { parseAccess } from './access-answer.ts';
import type { CallerIdentity, CallerLogin, CallerProof } from './caller-identity.ts';
import {
  askIdentity,
  type IdentityAnswer,
  type IdentityRequest,
  type IdentityWay,
  isYes,
  readAnswer,
  refusedBy,
} from './identity-request.ts';
import { LoginError } from './login-error.ts';
import { v2TokensUrl } from './settings.ts';
import type { CatalogService, Token } from './token.ts';

export interface V2CallerOptions extends IdentityWay {
  /** `us`, `uk`, or a URL ending in `/v2.0`. */
  readonly url: string;
  readonly clock: Clock;
}

/**
 * Identity v2.0 on behalf of callers (guide, section 1.3; OpenStack Identity API v2.0, `GET /tokens/{id}`).
 *
 * @throws Error at once for a URL that is no v2.0 endpoint
 */
export function createV2Caller(options: V2CallerOptions): CallerIdentity {
  return new V2Caller(options);
}

class V2Caller implements CallerIdentity {
  readonly #options: V2CallerOptions;
  readonly #tokens: URL;

  constructor(options: V2CallerOptions) {
    this.#options = options;
    this.#tokens = v2TokensUrl(options.url);
  }

  async logIn(login: CallerLogin, signal: AbortSignal): Promise<Token> {
    const body = JSON.stringify({ auth: { ...credentialsOf(login.proof), ...tenantOf(login) } });
    const answer = await this.#ask({ method: 'POST', url: this.#tokens, body }, signal);
    if (!isYes(answer)) throw this.#refused(answer, login.proof);
    return this.#read(answer);
  }

  async validate(
    tokenId: string,
    tenantId: string | undefined,
    signal: AbortSignal,
  ): Promise<Token | undefined> {
    const answer = await this.#ask(this.#about(tokenId, 'GET', ''), signal);
    if (isYes(answer)) return this.#whole(this.#read(answer), tokenId, signal);
    // The token is good for asking, yet its user may not look at tokens: what it is good for, a login with it tells.
    if (answer.status === 403 && tenantId !== undefined) return this.#exchange(tokenId, tenantId, signal);
    if (isNo(answer)) return undefined;
    throw this.#refused(answer, { kind: 'token', tokenId });
  }

  async revoke(tokenId: string, signal: AbortSignal): Promise<void> {
    const answer = await this.#ask(this.#about(tokenId, 'DELETE', ''), signal);
    if (!isYes(answer) && !isNo(answer)) throw this.#refused(answer, { kind: 'token', tokenId });
  }

  async #exchange(tokenId: string, tenantId: string, signal: AbortSignal): Promise<Token | undefined> {
    try {
      return await this.logIn({ proof: { kind: 'token', tokenId }, tenantId }, signal);
    } catch (error) {
      if (error instanceof LoginError && (error.reason === 'refused' || error.reason === 'rejected'))
        return undefined;
      throw error;
    }
  }

  /** Rackspace's validation tells no catalog: the token's endpoints are a document of their own. */
  async #whole(token: Token, tokenId: string, signal: AbortSignal): Promise<Token> {
    if (token.catalog.length > 0) return token;
    const answer = await this.#ask(this.#about(tokenId, 'GET', '/endpoints'), signal);
    return isYes(answer) ? { ...token, catalog: catalogOfEndpoints(readAnswer(answer)) } : token;
  }

  #about(tokenId: string, method: 'GET' | 'DELETE', below: string): IdentityRequest {
    const url = new URL(this.#tokens);
    url.pathname += `/${encodeURIComponent(tokenId)}${below}`;
    return { method, url, headers: { 'x-auth-token': tokenId } };
  }

  #ask(request: IdentityRequest, signal: AbortSignal): Promise<IdentityAnswer> {
    return askIdentity(request, this.#options, signal);
  }

  #read(answer: IdentityAnswer): Token {
    return parseAccess(readAnswer(answer), this.#options.clock.now(), answer.date);
  }

  #refused(answer: IdentityAnswer, proof: CallerProof): LoginError {
    const secret = proof.kind === 'token' ? proof.tokenId : proof.secret;
    return refusedBy(answer, [secret], this.#options.clock.now());
  }
}

/** What says that a token is none: unknown, expired, or of a form that no token of this service has. */
const isNo = ({ status }: IdentityAnswer): boolean =>
  status === 400 || status === 401 || status === 403 || status === 404 || status === 414;

function credentialsOf(proof: CallerProof): object {
  switch (proof.kind) {
    case 'apiKey':
      return { 'RAX-KSKEY:apiKeyCredentials': { username: proof.username, apiKey: proof.secret } };
    case 'password':
      return { passwordCredentials: { username: proof.username, password: proof.secret } };
    case 'token':
      return { token: { id: proof.tokenId } };
    case 'applicationCredential':
      throw new LoginError('refused', 'Identity v2.0 knows no application credentials.');
  }
}

function tenantOf({ tenantId, tenantName }: CallerLogin): object {
  if (tenantId !== undefined) return { tenantId };
  return tenantName === undefined ? {} : { tenantName };
}

/** The endpoints of a token (OpenStack Identity API v2.0, `GET /tokens/{id}/endpoints`) as a catalog. */
function catalogOfEndpoints(body: JsonValue): CatalogService[] {
  const endpoints = isJsonObject(body) ? body['endpoints'] : undefined;
  const services = new Map<string, CatalogService>();
  for (const endpoint of Array.isArray(endpoints) ? endpoints : []) {
    if (!isJsonObject(endpoint)) continue;
    const { name = '', type = '', ...rest } = endpoint;
    if (typeof name !== 'string' || typeof type !== 'string') continue;
    const key = JSON.stringify([name, type]);
    const service = services.get(key) ?? { name, type, endpoints: [] };
    service.endpoints.push(rest);
    services.set(key, service);
  }
  return [...services.values()];
}
