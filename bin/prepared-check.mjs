// The check of a configuration as code. ajv writes code for a schema and has it compiled, which takes as long as all else at a start
// together: the build has it written beforehand, and puts it in the place of src/config/settings-check.ts.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Ajv } from 'ajv';
import standaloneCode from 'ajv/dist/standalone/index.js';
import { build } from 'esbuild';

const SOURCES = `
export { CHECK_OPTIONS } from './src/settings/check.ts';
export { settingsSchema } from './src/config/settings-schema.ts';
`;

/** esbuild's plugin; `root` is the folder of the package. */
export function preparedCheck(root) {
  return {
    name: 'prepared-check',
    setup({ onLoad }) {
      onLoad({ filter: /src[/\\]config[/\\]settings-check\.ts$/ }, async ({ path }) => ({
        contents: await preparedModule(root),
        resolveDir: dirname(path),
        loader: 'js',
      }));
    },
  };
}

async function preparedModule(root) {
  const { CHECK_OPTIONS, settingsSchema } = await loadSources(root);
  const ajv = new Ajv({ ...CHECK_OPTIONS, messages: false, code: { source: true, esm: true } });
  const code = standaloneCode.default(ajv, ajv.compile(settingsSchema));
  // What the code takes of ajv it takes as CommonJS, whatever it is itself.
  const modules = [];
  const ported = code.replace(/\brequire\("([^"]+)"\)/g, (_, name) => `ajv${modules.push(name)}`);
  return `
import { checkBy } from '../settings/check.ts';
import { settingsSchema } from './settings-schema.ts';
${modules.map((name, at) => `import ajv${at + 1} from '${name}.js';`).join('\n')}
${ported}
export const checkSettings = checkBy(settingsSchema, () => validate);
`;
}

/** The sources as this process can run them. They lie where the packages are found that they import. */
async function loadSources(root) {
  mkdirSync(join(root, 'dist'), { recursive: true });
  const folder = mkdtempSync(join(root, 'dist', 'sources-'));
  const outfile = join(folder, 'sources.mjs');
  try {
    await build({
      absWorkingDir: root,
      stdin: { contents: SOURCES, resolveDir: root },
      outfile,
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
