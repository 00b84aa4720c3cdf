import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileExpression } from '../../../../src/limits/expressions/program.ts';
import { search } from '../../../../src/limits/expressions/search.ts';

function finds(source: string, text: string): boolean | undefined {
  return search(compileExpression(source), { text, begins: [0], ends: [text.length] }, { left: 1e7 });
}

/** Steps that a search takes. */
function stepsOf(source: string, text: string): number {
  const budget = { left: 1e9 };
  search(compileExpression(source), { text, begins: [0], ends: [text.length] }, budget);
  return 1e9 - budget.left;
}

describe('search', () => {
  it.each([
    ['servers', '/v2/1/servers', true],
    ['^/servers', '/v2/1/servers', false],
    ['^/servers$', '/servers', true],
    ['^/servers$', '/servers/1', false],
    ['^(/servers|/images)/\\d+$', '/images/42', true],
    ['^(/servers|/images)/\\d+$', '/flavors/42', false],
    ['a{2,3}b', 'aab', true],
    ['^a{2,3}b', 'ab', false],
    ['^a{2,}$', 'aaaaa', true],
    ['^a{2}$', 'aaa', false],
    ['a{b', 'a{b', true],
    ['[a-c]x', 'bx', true],
    ['^[^/]+$', 'a/b', false],
    ['[]x]', ']', true],
    ['[a-]', '-', true],
    ['[\\d-]', '7', true],
    ['\\x2f\\u0041', '/A', true],
    ['\\Aab\\Z', 'ab', true],
    ['\\Aab\\z', 'xab', false],
    ['\\bid\\b', '/id/', true],
    ['\\bid\\b', '/idle/', false],
    ['\\Bd', 'id', true],
    ['(?i)^/SERVERS', '/servers', true],
    ['(?i)[a-f]G', 'Cg', true],
    ['^/SERVERS', '/servers', false],
    ['(?P<id>\\d+)', '7', true],
    ['(?<id>\\d+)', '7', true],
    ['(?:ab)*?c', 'ababc', true],
    ['(|a)b', 'b', true],
    ['(a*)*b', 'aab', true],
    ['é', 'café', true],
    ['[à-ü]$', 'café', true],
    ['\\W$', 'café', true],
    ['.*changes-since.*', '/servers?changes-since=1', true],
    ['', '', true],
  ])('of %j in %j is %s', (source, text, expected) => {
    expect(finds(source, text)).toBe(expected);
  });

  it('finds what the engine of JavaScript finds, for whatever both read', () => {
    const atom = fc.constantFrom('a', 'b', '/', '.', '\\d', '[ab]', '[^a]', '^', '$', '\\b', '(a|b)', '(?:)');
    const quantified = fc
      .tuple(atom, fc.constantFrom('', '*', '+', '?', '{2}', '{1,3}', '{2,}', '*?'))
      .map(([text, quantifier]) => (/^[\^$]|^\\b/.test(text) ? text : `${text}${quantifier}`));
    const sequence = fc.array(quantified, { maxLength: 4 }).map((parts) => parts.join(''));
    const nested = fc
      .tuple(sequence, sequence, fc.constantFrom('', '*', '+', '{0,2}'))
      .map(([left, right, quantifier]) => `(${left}|${right})${quantifier}`);
    const expression = fc
      .array(fc.oneof(quantified, nested), { maxLength: 4 })
      .map((parts) => parts.join(''));
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '1', ' '), maxLength: 8 });
    fc.assert(
      fc.property(expression, text, (source, searched) => {
        expect(finds(source, searched)).toBe(new RegExp(source, 's').test(searched));
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    ["Nova's own default", '.*changes-since.*', 'changes-sinc'],
    ['a nested quantifier', '(a+)+$', 'a'],
    ['an alternative that is both', '(a|a)*b$', 'a'],
    ['blanks around', '^\\s*(\\S+\\s*)+$!', 'a '],
    ['several wild cards', '.*.*.*.*.*x', 'y'],
    ['a counted repeat', '(.*a.{20}b){3}$', 'ab'],
    ['optional parts', '(a?){50}a{50}b', 'a'],
    ['a word boundary', '(\\b\\w+\\b.?)*!', 'ab '],
  ])('takes twice the steps for twice the text, and no more: %s', (_what, source, unit) => {
    const [once, twice] = [2048, 4096].map((length) => stepsOf(source, unit.repeat(length / unit.length)));
    expect(twice! / once!).toBeLessThan(2.1);
    expect(twice!).toBeLessThan(2 * (4096 + 1) * compileExpression(source).size);
  });

  it('stops when its steps are used up, and says that it does not know', () => {
    const budget = { left: 1000 };
    const text = 'a'.repeat(8192);
    expect(
      search(compileExpression('(a?){100}b'), { text, begins: [0], ends: [8192] }, budget),
    ).toBeUndefined();
    expect(budget.left).toBeGreaterThan(-1000);
  });
});

describe('compileExpression', () => {
  it.each([
    ['a lookahead', '(?=a)b'],
    ['a negative lookahead', '^(?!/servers).*'],
    ['a lookbehind', '(?<=a)b'],
    ['a negative lookbehind', '(?<!a)b'],
    ['a back reference', '(a)\\1'],
    ['a named back reference', '(?P<x>a)(?P=x)'],
    ['an atomic group', '(?>a+)b'],
    ['a possessive quantifier', 'a++b'],
    ['a conditional', '(a)?(?(1)b|c)'],
    ['an escape that is not known', '\\p{L}'],
    ['a named class', '[[:alpha:]]'],
    ['an unmatched bracket', '/v[^/](\\d+)/servers)?.*'],
    ['an unterminated group', '(a'],
    ['an unterminated set', '[a'],
    ['a range the wrong way', '[b-a]'],
    ['a count the wrong way', 'a{3,2}'],
    ['nothing to repeat', '*a'],
    ['a quantifier of a quantifier', 'a**'],
    ['a backslash at the end', 'a\\'],
    ['too many repeats', 'a{1001}'],
    ['repeats of repeats', '((a{100}){100}){100}'],
    ['repeats of nothing', '((((){1000}){1000}){1000}){1000}'],
    ['more characters than any limit has', 'a'.repeat(513)],
  ])('refuses %s', (_what, source) => {
    expect(() => compileExpression(source)).toThrow(/./);
  });

  it('reads groups as deep as an expression can be', () => {
    const depth = 255;
    expect(finds(`${'('.repeat(depth)}a${')'.repeat(depth)}`, 'a')).toBe(true);
  });
});
