import { describe, expect, it } from 'vitest';
import { matchV3 } from '../../../src/facade/v3-paths.ts';

describe('a path of Identity v3', () => {
  it.each([
    ['POST', '/v3/auth/tokens', { kind: 'login' }],
    ['POST', '//v3//auth/tokens/', { kind: 'login' }],
    ['POST', '/v3/v3/auth/tokens', { kind: 'login' }],
    ['GET', '/v3/auth/tokens', { kind: 'validate' }],
    ['HEAD', '/v3/auth/tokens', { kind: 'validate' }],
    ['DELETE', '/v3/auth/tokens', { kind: 'revoke' }],
    ['GET', '/v3/auth/catalog', { kind: 'catalog' }],
    ['GET', '/v3/auth/projects', { kind: 'projects' }],
    ['GET', '/v3/projects', { kind: 'projects' }],
    ['GET', '/v3/projects/42', { kind: 'project', id: '42' }],
    ['GET', '/v3/', { kind: 'version' }],
    ['HEAD', '/v3', { kind: 'version' }],
    ['PUT', '/v3/auth/tokens', { kind: 'method', allow: ['POST', 'GET', 'DELETE', 'HEAD'] }],
    ['POST', '/v3', { kind: 'method', allow: ['GET', 'HEAD'] }],
    ['GET', '/v3/users', { kind: 'none' }],
    ['GET', '/v3/projects/42/tags', { kind: 'none' }],
  ])('%s %s', (method, path, expected) => {
    expect(matchV3(method, path)).toEqual(expected);
  });
});
