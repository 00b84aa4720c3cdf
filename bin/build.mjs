// Checks src/ and writes it to dist/ as a few files, together with the packages that every start needs: finding and reading their
// hundreds of files takes longer than all else at a start. What only some configurations need stays in node_modules, and is
// loaded by those. Nothing is written when there is a type error.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiler = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));

if (!existsSync(compiler)) {
  console.error('The compiler is not installed: run "npm ci" (with development dependencies) first.');
  process.exit(1);
}
const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);
rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true });
const { build } = await import('esbuild');
const { preparedCheck } = await import('./prepared-check.mjs');
const { leanPackages } = await import('./lean-packages.mjs');
const { licencesOf } = await import('./licences.mjs');
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ['src/cli.ts'],
  outdir: 'dist',
  bundle: true,
  // What a command alone needs is loaded with it.
  splitting: true,
  external: [
    'ioredis',
    // Fastify has them for schemas, which are compiled here by other means (src/admin/schemas.ts), and for tests.
    '@fastify/ajv-compiler',
    '@fastify/fast-json-stringify-compiler',
    'light-my-request',
  ],
  plugins: [preparedCheck(root), leanPackages],
  // Packages in CommonJS ask for Node's own modules so.
  banner: {
    js: `import { createRequire as requireFrom } from 'node:module';\nconst require = requireFrom(import.meta.url);`,
  },
  platform: 'node',
  format: 'esm',
  target: 'node20.18',
  sourcemap: true,
  sourcesContent: false,
  metafile: true,
  logLevel: 'warning',
});
writeFileSync(
  new URL('../dist/licences.txt', import.meta.url),
  licencesOf(Object.keys(metafile.inputs), root),
);
chmodSync(new URL('../dist/cli.js', import.meta.url), 0o755);
