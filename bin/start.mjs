// `npm start`: the demo, built first when dist/ is missing or older than src/. The command runs in this very process, so
// that signals and the exit code are its own.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const command = join(root, 'dist', 'cli.js');

function newestChange(folder) {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  return Math.max(
    ...entries.map((entry) => statSync(join(entry.parentPath ?? entry.path, entry.name)).mtimeMs),
  );
}

function isBuilt() {
  if (!existsSync(command)) return false;
  const sources = join(root, 'src');
  return !existsSync(sources) || statSync(command).mtimeMs >= newestChange(sources);
}

if (!isBuilt()) {
  const { status } = spawnSync(process.execPath, [join(root, 'bin', 'build.mjs')], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
process.argv = [process.execPath, command, 'demo', ...process.argv.slice(2)];
await import(command);
