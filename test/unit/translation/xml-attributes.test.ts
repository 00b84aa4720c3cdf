import { describe, expect, it } from 'vitest';
import { crowdedTag } from '../../../src/translation/xml-attributes.ts';

const three = 'a="1" b="2" c="3"';

describe('a tag with more than two attributes', () => {
  it.each([
    ['is the root', `<s ${three}/>`, 0],
    ['stands further in', `<s a="1"><t b='2'/>x<u ${three}>`, 20],
    ['has the characters of a tag in its values', `<s a=">" b="<" c='"'>`, 0],
    ['is not closed', `<s ${three} `, 0],
    [
      'stands behind what is no tag',
      `<?xml version="1.0" a="b" c="d"?><!-- don't --><![CDATA[">]]><s ${three}/>`,
      61,
    ],
  ])('is found where it %s', (_what, xml, at) => {
    expect(crowdedTag(xml, 2)).toBe(at);
    expect(crowdedTag(xml, 3)).toBe(-1);
  });

  it.each([
    ['text', `<s>${three} "'"'"</s>`],
    ['a comment', `<s><!-- ${three} --></s>`],
    ['a CDATA section', `<s><![CDATA[<a ${three}/>]]></s>`],
    ['an instruction', `<?a ${three}?><s/>`],
    ['a value', `<s a="b='1' c='2' d='3'"/>`],
    ['what does not end', `<s a="${three.replaceAll('"', "'")}`],
    ['a comment that does not end', `<s><!-- ${three}`],
  ])('is not taken for one in %s', (_what, xml) => {
    expect(crowdedTag(xml, 2)).toBe(-1);
  });
});
