import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createStateFile } from '../../../src/simulator/state-file.ts';
import { FakeClock } from '../../support/fake-clock.ts';

async function stateFile() {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-state-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'state.json');
  const clock = new FakeClock();
  let revision = 0;
  const failures: unknown[] = [];
  const file = createStateFile(
    path,
    clock,
    () => ({ revision: ++revision }),
    (error) => failures.push(error),
  );
  return {
    folder,
    path,
    clock,
    file,
    failures,
    read: async () => JSON.parse(await readFile(path, 'utf8')) as object,
  };
}

test('many changes are gathered into one write', async () => {
  const { clock, file, folder, read } = await stateFile();
  expect(await file.load()).toBeUndefined();
  for (let index = 0; index < 5; index++) file.changed();
  expect(clock.pending).toBe(1);
  clock.tick(250);
  await file.flush();
  expect(await read()).toEqual({ revision: 1 });
  expect(await readdir(folder)).toEqual(['state.json']);
  file.changed();
  expect(clock.pending).toBe(1);
});

test('what is merely counted waits for the next change, or some seconds', async () => {
  const { clock, file, read } = await stateFile();
  file.counted();
  clock.tick(4999);
  expect(clock.pending).toBe(1);
  file.changed();
  clock.tick(250);
  await file.flush();
  expect(await read()).toEqual({ revision: 1 });
  expect(clock.pending).toBe(0);
  file.counted();
  clock.tick(5000);
  expect(clock.pending).toBe(0);
  await file.flush();
  expect(await read()).toEqual({ revision: 2 });
});

test('nothing is written when nothing has changed', async () => {
  const { file, folder } = await stateFile();
  await file.flush();
  expect(await readdir(folder)).toEqual([]);
});

test('a file that cannot be written is reported, and tried again at the next change', async () => {
  const { file, folder, read } = await stateFile();
  await rm(folder, { recursive: true });
  file.changed();
  await expect(file.flush()).rejects.toThrow(/cannot write the state file/);
  await mkdir(folder);
  await file.flush();
  expect(await read()).toEqual({ revision: 2 });
});
