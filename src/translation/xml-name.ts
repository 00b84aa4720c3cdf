/**
 * JSON keys as XML names. Any string is a key, few are an NCName (Namespaces in XML 1.0 section 3), so what does
 * not fit is written `_xHHHH_` (ISO 9075-14) and read back; so is a leading `xml`, which XML reserves.
 */

const START = String.raw`A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd`;
const NAME = new RegExp(`^[${START}][-.0-9\\u00b7\\u0300-\\u036f\\u203f\\u2040${START}]*$`);
const START_CHARACTER = new RegExp(`[${START}]`);
const NAME_CHARACTER = new RegExp(`[-.0-9\\u00b7\\u0300-\\u036f\\u203f\\u2040${START}]`);
const LOOKS_ENCODED = /_x[0-9a-fA-F]{4}_/;
const ENCODED = /_x([0-9a-fA-F]{4})_/g;
const RESERVED = /^xml/i;

/** A key's local name in XML. Injective; an empty key is `_x_`. */
export function encodeName(key: string): string {
  if (NAME.test(key) && !RESERVED.test(key) && !LOOKS_ENCODED.test(key) && key !== '_x_') return key;
  if (key === '') return '_x_';
  let name = '';
  for (let index = 0; index < key.length; index++) name += encodeUnit(key, index);
  return name;
}

function encodeUnit(key: string, index: number): string {
  const unit = key[index]!;
  const isFit = index === 0 ? START_CHARACTER.test(unit) && !RESERVED.test(key) : NAME_CHARACTER.test(unit);
  const isAmbiguous = unit === '_' && key[index + 1] === 'x';
  if (isFit && !isAmbiguous) return unit;
  return `_x${key.charCodeAt(index).toString(16).padStart(4, '0')}_`;
}

/** The key a local name stands for. */
export function decodeName(name: string): string {
  if (name === '_x_') return '';
  if (!LOOKS_ENCODED.test(name)) return name;
  return name.replace(ENCODED, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
