import type { JsonObject } from '../../src/json.ts';
import type { Client } from './client.ts';
import { ensure, ensureStatus, listIn, numberOf, textOf } from './expectation.ts';

/** What there is to try with: ids the region itself names. */
export interface Range {
  /** The smallest flavor, and the next larger one. */
  readonly flavor: string;
  readonly largerFlavor: string;
  /** Two base images that fit the smallest flavor. */
  readonly image: string;
  readonly otherImage: string;
}

/** Asks the region for its flavors and images. */
export async function readRange(client: Client): Promise<Range> {
  const ask = async (path: string, key: string): Promise<JsonObject[]> =>
    listIn(ensureStatus(await client.ask('GET', path, { comparison: 'none' }), 200, 203), key);
  const flavors = (await ask('/flavors/detail', 'flavors'))
    .filter((flavor) => flavor['OS-FLV-DISABLED:disabled'] !== true)
    .sort((a, b) => numberOf(a, 'ram') - numberOf(b, 'ram'));
  const [flavor, larger] = flavors;
  ensure(flavor !== undefined && larger !== undefined, 'the region has fewer than two flavors');
  const images = (await ask('/images/detail?status=ACTIVE', 'images')).filter((image) => fits(image, flavor));
  const [image, other] = images;
  ensure(image !== undefined && other !== undefined, 'fewer than two images fit the smallest flavor');
  return {
    flavor: textOf(flavor, 'id'),
    largerFlavor: textOf(larger, 'id'),
    image: textOf(image, 'id'),
    otherImage: textOf(other, 'id'),
  };
}

function fits(image: JsonObject, flavor: JsonObject): boolean {
  const least = (key: string): number => (typeof image[key] === 'number' ? image[key] : 0);
  return (
    image['server'] === undefined &&
    least('minRam') <= numberOf(flavor, 'ram') &&
    least('minDisk') <= numberOf(flavor, 'disk')
  );
}
