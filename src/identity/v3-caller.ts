import type { Clock } from '../clock.ts';
import { isJsonObject, type JsonObject } from '../json.ts';
import { parseV3Token } from './access-answer.ts';
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
import type { LoginError } from './login-error.ts';
import { type DomainRef, type ProjectRef, v3TokensUrl } from './settings.ts';
import type { Token } from './token.ts';
import { authOf, authOfToken, scopeOf } from './v3-login-document.ts';

export interface V3CallerOptions extends IdentityWay {
  /** A URL ending in `/v3`. */
  readonly url: string;
  readonly clock: Clock;
  /** The domain of users whose login names none, as those of Identity v2.0 do. */
  readonly userDomain?: DomainRef | undefined;
  /** What a login is for that names no project, where that is known by then. */
  readonly project: () => ProjectRef | undefined;
}

/**
 * Identity v3 on behalf of callers (OpenStack Identity API v3, `/v3/auth/tokens`). A token is good for nothing here without
 * a project, so that one is asked for where the caller named none.
 *
 * @throws Error at once for a URL that is no v3 endpoint
 */
export function createV3Caller(options: V3CallerOptions): CallerIdentity {
  return new V3Caller(options);
}

class V3Caller implements CallerIdentity {
  readonly #options: V3CallerOptions;
  readonly #tokens: URL;

  constructor(options: V3CallerOptions) {
    this.#options = options;
    this.#tokens = v3TokensUrl(options.url);
  }

  async logIn(login: CallerLogin, signal: AbortSignal): Promise<Token> {
    const body = JSON.stringify({ auth: this.#authOf(login) });
    const answer = await this.#ask({ method: 'POST', url: this.#tokens, body }, signal);
    if (!isYes(answer)) throw this.#refused(answer, login.proof);
    return this.#read(answer, answer.subjectToken);
  }

  async validate(
    tokenId: string,
    _tenantId: string | undefined,
    signal: AbortSignal,
  ): Promise<Token | undefined> {
    const answer = await this.#ask(this.#about(tokenId, 'GET'), signal);
    if (isYes(answer)) return isScoped(answer) ? this.#read(answer, tokenId) : undefined;
    if (isNo(answer)) return undefined;
    throw this.#refused(answer, { kind: 'token', tokenId });
  }

  async revoke(tokenId: string, signal: AbortSignal): Promise<void> {
    const answer = await this.#ask(this.#about(tokenId, 'DELETE'), signal);
    if (!isYes(answer) && !isNo(answer)) throw this.#refused(answer, { kind: 'token', tokenId });
  }

  /** As the caller wrote it, if it was in these words. */
  #authOf({ proof, tenantId, tenantName, v3 }: CallerLogin): JsonObject {
    const { userDomain } = this.#options;
    const named = tenantId !== undefined ? { id: tenantId } : tenantName && { name: tenantName };
    const project = named || this.#options.project();
    if (v3 !== undefined) return hasProject(v3) ? v3 : { ...v3, ...scopeOf(project, userDomain) };
    switch (proof.kind) {
      case 'token':
        return authOfToken(proof.tokenId, project, userDomain);
      case 'applicationCredential':
        return authOf({ applicationCredential: { id: proof.username, secret: proof.secret } });
      default:
        return authOf({ username: proof.username, password: proof.secret, userDomain, project });
    }
  }

  /** Asked with the token itself, which every user may do. */
  #about(tokenId: string, method: 'GET' | 'DELETE'): IdentityRequest {
    const headers = { 'x-auth-token': tokenId, 'x-subject-token': tokenId };
    return { method, url: this.#tokens, headers };
  }

  #ask(request: IdentityRequest, signal: AbortSignal): Promise<IdentityAnswer> {
    return askIdentity(request, this.#options, signal);
  }

  #read(answer: IdentityAnswer, tokenId: string | undefined): Token {
    return parseV3Token(tokenId, readAnswer(answer), this.#options.clock.now(), answer.date);
  }

  #refused(answer: IdentityAnswer, proof: CallerProof): LoginError {
    const secret = proof.kind === 'token' ? proof.tokenId : proof.secret;
    return refusedBy(answer, [secret], this.#options.clock.now());
  }
}

/** What says that a token is none: unknown, expired, revoked, or of a form that no token has. */
const isNo = ({ status }: IdentityAnswer): boolean =>
  status === 400 || status === 401 || status === 403 || status === 404;

/** An application credential brings its project; any other login has one only if it says so. */
function hasProject({ identity, scope }: JsonObject): boolean {
  const methods = isJsonObject(identity) ? identity['methods'] : undefined;
  if (Array.isArray(methods) && methods.includes('application_credential')) return true;
  return isJsonObject(scope) && scope['unscoped'] === undefined;
}

function isScoped(answer: IdentityAnswer): boolean {
  const body = readAnswer(answer);
  const token = isJsonObject(body) ? body['token'] : undefined;
  return isJsonObject(token) && isJsonObject(token['project']);
}
