import { describe, expect, it } from 'vitest';
import { contentTypeOf } from '../../../src/translation/format.ts';
import { requestFormat, responseFormat, splitFormatSuffix } from '../../../src/translation/negotiate.ts';

describe('the suffix of a path', () => {
  it.each([
    ['/servers.xml', '/servers', 'xml'],
    ['/servers.json', '/servers', 'json'],
    ['/servers/.xml', '/servers', 'xml'],
    ['/servers/detail.xml', '/servers/detail', 'xml'],
    ['/v2/700007/servers/abc/metadata.json', '/v2/700007/servers/abc/metadata', 'json'],
    ['/v2/.xml', '/v2/', 'xml'],
    ['/dfw/v2/.json', '/dfw/v2/', 'json'],
    ['/v2.xml', '/v2', 'xml'],
    ['/.xml', '/', 'xml'],
    ['/.json', '/', 'json'],
    ['/servers', '/servers', undefined],
    ['/servers/', '/servers/', undefined],
    ['/metadata/foo.bar', '/metadata/foo.bar', undefined],
    ['/metadata/notxml', '/metadata/notxml', undefined],
    ['/images/my.xmlish', '/images/my.xmlish', undefined],
    ['/a.XML', '/a.XML', undefined],
    ['/servers.xml/ips', '/servers.xml/ips', undefined],
    ['', '', undefined],
    ['/', '/', undefined],
  ] as const)('%s is %s as %s', (path, base, format) => {
    expect(splitFormatSuffix(path)).toEqual({ path: base, format });
  });
});

describe('the format of an answer', () => {
  it.each([
    [undefined, 'json'],
    ['', 'json'],
    ['  ', 'json'],
    ['*/*', 'json'],
    ['application/*', 'json'],
    ['application/json', 'json'],
    ['application/xml', 'xml'],
    ['APPLICATION/XML', 'xml'],
    ['text/xml', 'xml'],
    ['text/*', 'xml'],
    ['application/vnd.openstack.compute+xml', 'xml'],
    ['application/vnd.openstack.compute+json', 'json'],
    ['application/vnd.openstack.compute+xml;version=2', 'xml'],
    ['application/vnd.openstack.compute+json; version=2; q=0.5', 'json'],
    ['application/xml;q=0.9, application/json;q=0.8', 'xml'],
    ['application/xml;q=0.5, application/json', 'json'],
    ['application/json;q=0, application/xml', 'xml'],
    ['application/json;q=0', undefined],
    ['application/xml;q=0, */*', 'json'],
    ['application/json;q=0, */*', 'xml'],
    ['*/*;q=0', undefined],
    ['text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8', 'xml'],
    ['text/html, */*;q=0.1', 'json'],
    ['application/xml, application/json', 'json'],
    ['text/html', undefined],
    ['image/png, text/plain', undefined],
    ['application/xml; charset=utf-8', 'xml'],
    ['application/xml;Q=0.2, application/json;q=0.1', 'xml'],
    ['nonsense', undefined],
  ] as const)('for Accept %j is %s', (accept, format) => {
    expect(responseFormat(accept, undefined)).toBe(format);
    expect(responseFormat(accept, undefined)).toBe(format);
  });

  it('is what the suffix says, whatever Accept says', () => {
    expect(responseFormat('application/json', 'xml')).toBe('xml');
    expect(responseFormat('text/html', 'json')).toBe('json');
  });

  it('stays right when more spellings come than are remembered', () => {
    for (let index = 0; index < 2000; index++)
      expect(responseFormat(`application/xml;version=${index}`, undefined)).toBe('xml');
    expect(responseFormat('application/vnd.x+json', undefined)).toBe('json');
  });
});

describe('the format of a request body', () => {
  it.each([
    [undefined, 'json'],
    ['', 'json'],
    ['application/json', 'json'],
    ['application/json; charset=UTF-8', 'json'],
    ['Application/JSON;charset=utf-8', 'json'],
    ['application/vnd.openstack.compute+json', 'json'],
    ['application/xml', 'xml'],
    ['text/xml; charset=utf-8', 'xml'],
    ['application/vnd.openstack.compute+xml;version=1.1', 'xml'],
    ['text/plain', undefined],
    ['application/x-www-form-urlencoded', undefined],
    ['multipart/form-data; boundary=x', undefined],
    ['*/*', undefined],
  ] as const)('for Content-Type %j is %s', (contentType, format) => {
    expect(requestFormat(contentType)).toBe(format);
  });
});

it('names a content type for either format', () => {
  expect(contentTypeOf('json')).toBe('application/json');
  expect(contentTypeOf('xml')).toBe('application/xml');
});
