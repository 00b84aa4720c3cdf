import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Where the golden pairs lie: one folder per operation, and `faults`, `choices`, `identity`. */
export const GOLDEN = fileURLToPath(new URL('../../golden/', import.meta.url));

/** Two files that say the same: `createServer/request.minimal.json` and `.xml`. */
export interface GoldenPair {
  /** `request`, `response`, or any name in the other folders; a variant after a dot. */
  readonly name: string;
  readonly json: string;
  readonly xml: string;
}

/** The pairs of a folder, empty when there is none. A JSON file without its XML file throws. */
export function goldenPairs(folder: string): GoldenPair[] {
  return filesOf(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => {
      const base = `${GOLDEN}${folder}/${file.slice(0, -'.json'.length)}`;
      return {
        name: file.slice(0, -'.json'.length),
        json: readFileSync(`${base}.json`, 'utf8'),
        xml: readFileSync(`${base}.xml`, 'utf8'),
      };
    });
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(GOLDEN + folder).sort();
  } catch {
    return [];
  }
}

/** Every folder that has golden pairs. */
export function goldenFolders(): string[] {
  return readdirSync(GOLDEN).sort();
}

/** The paths of every golden XML file. */
export function goldenXmlFiles(): string[] {
  return goldenFolders().flatMap((folder) =>
    filesOf(folder)
      .filter((file) => file.endsWith('.xml'))
      .map((file) => `${GOLDEN}${folder}/${file}`),
  );
}
