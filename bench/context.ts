import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { flavorsDocument } from './documents.ts';
import { get } from './get.ts';
import type { BenchContext } from './peer.ts';
import { sluiceHit } from './peers/sluice.ts';
import { CORES, freePort, node, start } from './program.ts';

/** Where `npm run build` puts the command. */
export const BUILT = fileURLToPath(new URL('../dist/cli.js', import.meta.url));

/** A folder of this run and the upstream of all peers, on the load core; `close` ends both. */
export async function openContext(cli = BUILT): Promise<{ context: BenchContext; close(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  // nginx and varnishd leave root before they read it.
  chmodSync(folder, 0o755);
  const copyFile = join(folder, 'copy.json');
  const port = await freePort();
  const upstreamOrigin = `http://127.0.0.1:${port}`;
  const context: BenchContext = { upstreamOrigin, cli, folder, copyFile };
  writeFileSync(copyFile, flavorsDocument(upstreamOrigin));
  const script = fileURLToPath(new URL('./servers/upstream.ts', import.meta.url));
  const upstream = await start(
    node(CORES.load, script, [String(port), copyFile]),
    `${upstreamOrigin}/v2.0/tokens`,
  );
  try {
    await copySluicesHit(context);
  } catch (error) {
    await upstream.stop();
    throw error;
  }
  return { context, close: () => upstream.stop() };
}

/** From now on the peers send what Sluice itself sends. */
async function copySluicesHit(context: BenchContext): Promise<void> {
  if (sluiceHit.missing(context) !== undefined) return;
  const { program, url } = await sluiceHit.start(context);
  try {
    const answer = await get(url);
    if (answer.status !== 200) throw new Error(`Sluice answered ${answer.status}: ${await answer.text()}`);
    writeFileSync(context.copyFile, await answer.text());
  } finally {
    await program.stop();
  }
}
